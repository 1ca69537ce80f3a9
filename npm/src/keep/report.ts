/** What a queue keeps, and how much room there is. */
import { rowsOf } from "./database.js";
import type { Ground } from "./ground.js";
import { NOTHING_KEPT, type StorageReport } from "./messages.js";

/** As far as the browser says it. */
export async function reportOf(ground: Promise<Ground>, namespace: string): Promise<StorageReport> {
  const report: StorageReport = { ...NOTHING_KEPT };
  try {
    const { database, openPlaces } = await ground;
    const rows = await rowsOf(database, namespace);
    const [place] = await openPlaces();
    report.place = place?.place ?? "none";
    for (const { record } of rows) {
      if (record.bytes === "opfs" || record.bytes === "indexed_db") {
        report.kept_files += 1;
        report.kept_bytes += record.size_bytes;
      }
    }
    const { usage, quota } = await navigator.storage.estimate();
    report.usage_bytes = usage ?? null;
    report.quota_bytes = quota ?? null;
    report.persisted = await navigator.storage.persisted();
  } catch {
    // What is not known stays as it is.
  }
  return report;
}
