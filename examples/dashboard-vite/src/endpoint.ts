/** Where the Windlass service is, such as "https://photos.example.com". Here Vite hands on what is asked of the page's own. */
export const endpoint = "/";
