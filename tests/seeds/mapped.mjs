/**
 * What stands between the client of another system and Windlass: a `fetch` for it, which translates the client's
 * routes and the names of its fields by a table. The method, the headers and the bodies stay as the client has
 * them: what it sends without a type goes without one. Where names are not enough the table says so, in `token`,
 * `add`, `words` and `more`, and `docs/plain-clients.md` names each of them. Runs in Node and in web pages.
 */

/** Renames the fields of a value, however deep. */
function rename(value, names) {
  if (Array.isArray(value)) return value.map((each) => rename(each, names));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [names[name] ?? name, rename(inner, names)]));
}

/** The entry of the table for a request, and what its path says. */
function find(routes, method, path) {
  for (const [route, entry] of Object.entries(routes)) {
    const [itsMethod, itsPath] = route.split(" ");
    const pattern = new RegExp(`^${itsPath.replace(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);
    const found = itsMethod === method && pattern.exec(path);
    if (found) return { entry, inPath: { ...found.groups } };
  }
  throw new Error(`${method} ${path} is not in the table`);
}

/**
 * `routes` are the system's: `"POST /its/path/{id}": { to: "POST /ours/{id}", ask, answer, add, words, more }`. With
 * `token` it is added to requests that have none.
 */
export function mappedFetch({ address, routes, token }) {
  return async (url, init = {}) => {
    // A signed URL: the bucket's, not the system's.
    if (!url.startsWith("/")) return fetch(url, init);
    const { pathname, searchParams } = new URL(url, address);
    const { entry, inPath } = find(routes, init.method ?? "GET", pathname);
    const { to, ask = {}, answer = {}, add = (body) => body, words = {}, more = (body) => body } = entry;
    const body = init.body === undefined ? undefined : add(rename(JSON.parse(init.body), ask));
    const [method, path] = to.split(" ");
    const ours = path.replace(/\{(\w+)\}/g, (_, name) => {
      const value = inPath[name] ?? body[name];
      if (body) delete body[name];
      return encodeURIComponent(value);
    });
    const query = new URLSearchParams(rename(Object.fromEntries(searchParams), ask)).toString();
    const headers = { ...init.headers };
    if (token !== undefined && headers.Authorization === undefined) headers.Authorization = `Bearer ${token}`;
    const get = (path) => fetch(`${address}${path}`, { headers });
    const response = await fetch(`${address}${ours}${query && `?${query}`}`, {
      ...init,
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    let said = text === "" ? null : rename(JSON.parse(text), answer);
    if (response.ok && said !== null) {
      said = await more(said.status in words ? { ...said, status: words[said.status] } : said, get);
    }
    const { status } = response;
    return new Response(said === null ? null : JSON.stringify(said), { status });
  };
}
