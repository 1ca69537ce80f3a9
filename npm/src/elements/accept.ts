/** The rules of `<input accept>`, for files that come by drop or paste and so never met the input. */

/** Whether a file matches an `accept` list of media types, wildcards and endings; an empty list takes all. */
export function isAccepted(file: { name: string; type: string }, accept: string): boolean {
  const rules = accept
    .split(",")
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== "");
  if (rules.length === 0) {
    return true;
  }
  const name = file.name.toLowerCase();
  const type = file.type.toLowerCase();
  return rules.some((rule) => {
    if (rule === "*/*") {
      return true;
    }
    if (rule.startsWith(".")) {
      return name.endsWith(rule);
    }
    if (rule.endsWith("/*")) {
      return type.startsWith(rule.slice(0, -1)) || (rule === "image/*" && type === "" && /\.hei[cf]$/.test(name));
    }
    return type === rule;
  });
}

/** Whether the list is about pictures only: then the button says “photos”. */
export function onlyPictures(accept: string): boolean {
  const rules = accept.split(",").map((rule) => rule.trim());
  return rules.every((rule) => rule.startsWith("image/") || /^\.(avif|gif|hei[cf]|jpe?g|png|tiff?|webp)$/i.test(rule));
}
