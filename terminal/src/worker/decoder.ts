/** Decodes frames off the page's thread, so that a verdict is painted while the next frame waits. */

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";
import type { Found, Frame } from "../core/scanner/frames";

const port = self as unknown as {
  onmessage: (event: MessageEvent<Frame>) => void;
  postMessage: (found: Found) => void;
};

prepareZXingModule({
  overrides: { locateFile: (path: string) => (path.endsWith(".wasm") ? wasmUrl : path) },
  fireImmediately: true,
})?.catch(() => undefined);

let canvas: OffscreenCanvas | undefined;

port.onmessage = ({ data }) => void look(data);

async function look({ bitmap, hard }: Frame): Promise<void> {
  const beganMs = performance.now();
  const tookMs = () => performance.now() - beganMs;
  try {
    const { width, height } = bitmap;
    if (canvas === undefined || canvas.width !== width || canvas.height !== height) {
      canvas = new OffscreenCanvas(width, height);
    }
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    if (pen === null) throw new Error("no canvas");
    pen.drawImage(bitmap, 0, 0);
    bitmap.close();
    const results = await readBarcodes(pen.getImageData(0, 0, width, height), {
      formats: ["QRCode", "PDF417", "Aztec", "DataMatrix", "Code128"],
      tryHarder: hard,
      tryRotate: hard,
      tryInvert: hard,
      tryDownscale: true,
      maxNumberOfSymbols: 5,
    });
    const sightings = results
      .filter(({ isValid, text }) => isValid && text !== "")
      .map(({ text, position: { topLeft, bottomRight, topRight, bottomLeft } }) => ({
        text,
        x: (topLeft.x + bottomRight.x + topRight.x + bottomLeft.x) / 4,
        y: (topLeft.y + bottomRight.y + topRight.y + bottomLeft.y) / 4,
      }));
    port.postMessage({ sightings, tookMs: tookMs(), fault: "" });
  } catch (fault) {
    port.postMessage({ sightings: [], tookMs: tookMs(), fault: String(fault) });
  }
}
