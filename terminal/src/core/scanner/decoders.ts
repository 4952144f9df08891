/** Two decoders with one face: the browser's own where it knows QR codes, else the bundled one. */

import type { Sighting } from "./aim";
import type { Found, Frame } from "./frames";

export interface Decoder {
  readonly name: "native" | "wasm";
  /** Looks at one frame and lets go of it. Throws when it cannot work at all. */
  look(frame: Frame): Promise<readonly Sighting[]>;
  stop(): void;
}

/** The Shape Detection API, which TypeScript does not know. */
interface NativeDetector {
  detect(image: ImageBitmap): Promise<
    readonly {
      readonly rawValue: string;
      readonly boundingBox: DOMRectReadOnly;
    }[]
  >;
}
interface NativeDetectorClass {
  new (options: { formats: readonly string[] }): NativeDetector;
  getSupportedFormats(): Promise<readonly string[]>;
}

const WANTED = ["qr_code", "pdf417", "aztec", "data_matrix", "code_128"];

export async function openDecoder(): Promise<Decoder> {
  return (await nativeDecoder()) ?? wasmDecoder();
}

async function nativeDecoder(): Promise<Decoder | null> {
  const known = (globalThis as { BarcodeDetector?: NativeDetectorClass }).BarcodeDetector;
  if (known === undefined) return null;
  try {
    const formats = await known.getSupportedFormats();
    if (!formats.includes("qr_code")) return null;
    const detector = new known({ formats: WANTED.filter((one) => formats.includes(one)) });
    let spare: Decoder | null = null;
    return {
      name: "native",
      async look(frame) {
        if (spare !== null) return spare.look(frame);
        try {
          const found = await detector.detect(frame.bitmap);
          frame.bitmap.close();
          return found.map(({ rawValue, boundingBox: box }) => ({
            text: rawValue,
            x: box.x + box.width / 2,
            y: box.y + box.height / 2,
          }));
        } catch {
          // Listed and yet not there (a module that was not downloaded): the bundled one takes over.
          spare = wasmDecoder();
          return spare.look(frame);
        }
      },
      stop: () => spare?.stop(),
    };
  } catch {
    return null;
  }
}

function wasmDecoder(): Decoder {
  const worker = new Worker(new URL("../../worker/decoder.ts", import.meta.url), {
    type: "module",
    name: "decoder",
  });
  let settle: { done: (found: Found) => void; failed: (fault: Error) => void } | null = null;
  worker.onmessage = ({ data }: MessageEvent<Found>) => settle?.done(data);
  worker.onerror = (event) => settle?.failed(new Error(event.message || "the decoder did not load"));
  return {
    name: "wasm",
    async look(frame) {
      const { sightings, fault } = await new Promise<Found>((done, failed) => {
        settle = { done, failed };
        worker.postMessage(frame, [frame.bitmap]);
      });
      if (fault !== "") throw new Error(fault);
      return sightings;
    },
    stop: () => worker.terminate(),
  };
}
