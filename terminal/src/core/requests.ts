/** What is asked of the host and kept until it is answered: the id is minted once and never again. */

/** One wish, exactly as it is sent each time. */
export interface PendingRequest {
  readonly id: string;
  /** Below /api/v1. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** By this device's clock. */
  readonly atMs: number;
  readonly kind: "admission" | "passage" | "annul";
  readonly via: import("./types").Via;
  /** Nobody waits for the answer at the gate any more: an admission is then reported not shown. */
  readonly givenUp: boolean;
}

/** A request id nobody else makes: 128 random bits. */
export function mintId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}
