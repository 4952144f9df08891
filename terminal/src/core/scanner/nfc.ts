/** Cards held to a phone that reads them (Web NFC: Chromium on Android). */

interface NdefReader extends EventTarget {
  scan(options: { signal: AbortSignal }): Promise<void>;
}
type NdefReaderClass = new () => NdefReader;

/**
 * Tell the serial number of every card, in hexadecimal without separators, until the signal.
 *
 * @returns Whether this device reads cards and was allowed to.
 */
export async function readCards(
  card: (serial: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const known = (globalThis as { NDEFReader?: NdefReaderClass }).NDEFReader;
  if (known === undefined) return false;
  try {
    const reader = new known();
    reader.addEventListener("reading", (event) => {
      const { serialNumber = "" } = event as Event & { serialNumber?: string };
      const spelled = serialNumber.replace(/[^0-9a-f]/gi, "").toUpperCase();
      if (spelled !== "") card(spelled);
    });
    await reader.scan({ signal });
    return true;
  } catch {
    return false;
  }
}
