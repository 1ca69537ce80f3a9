/** What one client makes of photos before it sends them: the workers that read and resize them, and what they are asked for. */
import type { WindlassError } from "./errors.js";
import type { VariantOptions } from "./generated/VariantOptions";
import { defaultImageWorkers, type WindlassOptions } from "./options.js";
import { pictureOptions, prepareFile, type PictureOptions, type PrepareOptions, type PreparedFile } from "./prepare.js";
import { answers } from "./unreachable.js";
import { compileModule } from "./wasm/photo.js";
import { imageWorkers, type ImageWorkers } from "./workers/image-pool.js";

export class Pictures {
  readonly #options: PictureOptions;
  readonly #workers: ImageWorkers;
  readonly #isServiceThere: () => Promise<boolean>;

  /** `endpoint` is absolute. */
  constructor(options: WindlassOptions, endpoint: string) {
    this.#options = pictureOptions(options);
    this.#workers = imageWorkers(options.imageWorkers ?? defaultImageWorkers());
    this.#isServiceThere = () => answers(`${endpoint}/healthz`);
  }

  /** The smaller pictures that are asked for. */
  get variants(): readonly VariantOptions[] {
    return this.#options.variants;
  }

  /** Fetches what photos need, and starts the workers. */
  warm(): void {
    this.#workers.warm();
  }

  /** Rejects only when `signal` aborts. */
  prepare(file: Blob, filename: string, how: Pick<PrepareOptions, "signal" | "onWaiting" | "onWork" | "endsPages">): Promise<PreparedFile> {
    return prepareFile(this.#workers, file, filename, {
      ...this.#options,
      ...how,
      module: compileModule,
      isServiceThere: this.#isServiceThere,
    });
  }

  close(reason: WindlassError): void {
    this.#workers.close(reason);
  }
}
