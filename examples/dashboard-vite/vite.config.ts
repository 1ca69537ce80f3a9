import { defineConfig } from "vite";

/** Where the photo service runs while developing: what `cargo xtask demo` prints. */
const service = process.env["WINDLASS_SERVICE"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  server: {
    proxy: { "/api": service, "/demo": service },
    // Only because here the package is a folder beside the example; installed from npm it needs nothing.
    fs: { allow: [".", "../../npm"] },
  },
  preview: { proxy: { "/api": service, "/demo": service } },
  // Pre-bundling would move the package's code away from its workers and WebAssembly.
  optimizeDeps: { exclude: ["windlass"] },
  build: { target: "es2022", rollupOptions: { input: ["index.html", "send.html"] } },
});
