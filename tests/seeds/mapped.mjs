/**
 * A client of one of the five systems Windlass was made for, speaking to Windlass: the system's own routes and
 * the names of its fields are translated by a table, and nothing else is.
 */

/** Renames the fields of a value, however deep; a name may stand for several. */
function rename(value, names) {
  if (Array.isArray(value)) return value.map((each) => rename(each, names));
  if (value === null || typeof value !== "object") return value;
  const renamed = {};
  for (const [name, inner] of Object.entries(value)) {
    for (const other of [names[name] ?? name].flat()) renamed[other] = rename(inner, names);
  }
  return renamed;
}

export class MappedClient {
  /** `routes` of the system: `"POST /its/path/{id}": { to: "POST /ours/{id}", ask, answer }`. */
  constructor(address, token, routes) {
    Object.assign(this, { address, token, routes });
  }

  /** Calls a route of the system with its own fields; those in the path go there, of a GET the others too. */
  async call(route, fields = {}) {
    const { to = route, ask = {}, answer = {}, empty = false } = this.routes[route] ?? {};
    const rest = { ...fields };
    const [method, path] = to.replace(/\{(\w+)\}/g, (_, name) => {
      const value = rest[name];
      delete rest[name];
      return encodeURIComponent(value);
    }).split(" ");
    const sent = rename(rest, ask);
    const isBody = method !== "GET" && method !== "DELETE" && !empty;
    const query = method === "GET" && Object.keys(sent).length > 0 ? `?${new URLSearchParams(sent)}` : "";
    const response = await fetch(`${this.address}${path}${query}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        // One of the systems names the tenant beside the token; the token's counts.
        "x-tenant-id": "somebody-else",
        ...(isBody ? { "content-type": "application/json" } : {}),
      },
      body: isBody ? JSON.stringify(sent) : undefined,
    });
    const text = await response.text();
    if (!response.ok) throw Object.assign(new Error(`${to}: ${response.status} ${text}`), { status: response.status });
    return rename(text === "" ? {} : JSON.parse(text), answer);
  }

  /** Sends bytes to a signed URL as all five do: with the type, and nothing else. */
  async put(url, bytes, type) {
    const response = await fetch(url, { method: "PUT", body: bytes, headers: type ? { "Content-Type": type } : {} });
    if (!response.ok) throw new Error(`PUT: ${response.status} ${await response.text()}`);
    return response.headers.get("ETag");
  }
}
