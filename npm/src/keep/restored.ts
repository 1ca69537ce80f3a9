/** From what was kept to what the engine takes. */
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { FileDescription, VariantFile } from "../wasm/upload.js";
import type { Restored } from "./messages.js";

export interface KeptDescriptionOfFile extends FileDescription {
  /** The smallest picture that was made of it. */
  preview: Blob | null;
  warnings: readonly MetadataWarning[];
}

/** `null` where the file is still to be prepared. */
export function describeKept({ upload, variants: blobs }: Restored): KeptDescriptionOfFile | null {
  const { prepared } = upload;
  if (prepared === null) {
    return null;
  }
  const variants: VariantFile[] = [];
  prepared.variants.forEach(({ name, content_type, width, height }, index) => {
    const blob = blobs[index];
    if (blob !== undefined) {
      variants.push({ name, content_type, width, height, blob });
    }
  });
  const smallest = variants.toSorted((a, b) => a.width * a.height - b.width * b.height)[0];
  return {
    filename: upload.filename,
    content_type: prepared.content_type,
    ...(prepared.metadata === null ? {} : { metadata: prepared.metadata }),
    ...(variants.length > 0 ? { variants } : {}),
    preview: smallest?.blob ?? null,
    warnings: prepared.warnings,
  };
}
