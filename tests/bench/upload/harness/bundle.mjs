/** The two Uppys, each bundled for the browser from packages of its own. */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Bundles into `folder`; the version of each. */
export async function bundle(folder) {
  for (const name of ["uppy-v6", "uppy-v5"]) {
    const packages = join(root, name, "node_modules");
    await build({
      entryPoints: [join(root, `page/${name}.js`)],
      outfile: join(folder, `${name}.js`),
      bundle: true,
      format: "esm",
      target: "es2022",
      minify: true,
      logLevel: "error",
      nodePaths: [packages],
    });
  }
}
