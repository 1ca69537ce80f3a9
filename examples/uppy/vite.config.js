import { defineConfig } from "vite";

/** Where the photo service runs while developing: what `cargo xtask demo` prints. */
const service = process.env["WINDLASS_SERVICE"] ?? "http://127.0.0.1:8080";
const proxy = { "/api": service, "/s3": service, "/demo": service };

export default defineConfig({
  server: {
    proxy,
    // Only because here the package is a folder beside the example; installed from npm it needs nothing.
    fs: { allow: [".", "../../npm"] },
  },
  preview: { proxy },
  // Pre-bundling would move the package's code away from its workers and WebAssembly.
  optimizeDeps: { exclude: ["windlass"] },
  build: { target: "es2022" },
});
