import { prepareNative } from "./native.js";

export const prepare = (fitted) => prepareNative("ImageDecoder", fitted);
