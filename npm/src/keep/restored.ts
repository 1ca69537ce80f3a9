/** From what the engine takes to what is kept, and back. */
import type { KeptDescription } from "../generated/KeptDescription";
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { VariantOptions } from "../generated/VariantOptions";
import { madeOf, type MadePictures } from "../prepare.js";
import type { FileDescription, VariantFile } from "../wasm/upload.js";
import type { Restored } from "./messages.js";

export interface KeptDescriptionOfFile extends FileDescription {
  /** The smallest picture that was made of it. */
  preview: Blob | null;
  warnings: readonly MetadataWarning[];
  made: MadePictures | null;
}

/** What is kept of it, beside the bytes. */
export function keptOf({ content_type, metadata, variants = [] }: FileDescription, warnings: readonly MetadataWarning[]): KeptDescription {
  return {
    content_type,
    metadata: metadata ?? null,
    warnings: [...warnings],
    variants: variants.map(({ name, content_type, width, height, blob }) => ({
      name,
      content_type,
      width,
      height,
      size_bytes: blob.size,
    })),
  };
}

/**
 * `null` where the file is still to be prepared. `asked` are the variants that are asked for now; only whoever tells
 * which were left out needs them.
 */
export function describeKept(
  { upload, variants: blobs }: Restored,
  asked: readonly VariantOptions[] = [],
): KeptDescriptionOfFile | null {
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
  const smallest = [...variants].sort((a, b) => a.width * a.height - b.width * b.height)[0];
  return {
    filename: upload.filename,
    content_type: prepared.content_type,
    ...(prepared.metadata === null ? {} : { metadata: prepared.metadata }),
    ...(variants.length > 0 ? { variants } : {}),
    preview: smallest?.blob ?? null,
    warnings: prepared.warnings,
    made: variants.length > 0 ? madeOf(variants, asked, null) : null,
  };
}
