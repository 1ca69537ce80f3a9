/** Reading a user's own file again, where there was no room to keep its bytes. */

interface AskableHandle extends FileSystemFileHandle {
  queryPermission?(wanted: { mode: "read" }): Promise<PermissionState>;
}

/** `null` where the browser would have to ask the user first, or the file is gone. */
export async function readHandle(handle: FileSystemFileHandle | null): Promise<File | null> {
  try {
    const permission = await (handle as AskableHandle | null)?.queryPermission?.({ mode: "read" });
    return handle !== null && permission !== "prompt" && permission !== "denied" ? await handle.getFile() : null;
  } catch {
    return null;
  }
}
