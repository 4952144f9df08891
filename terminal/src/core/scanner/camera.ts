/**
 * The camera: opened for a video element the view gives, looked at a dozen times a second, and
 * never stopped by what it reads.
 */

import type { CameraState } from "../types";
import { type Sighting, SIDE_MAX, aimedAt, squareOf } from "./aim";
import { type Decoder, openDecoder } from "./decoders";

/** At most 12 looks a second. */
export const LOOK_EVERY_MS = 84;
const HARD_EVERY = 5;
const FAULTS_MAX = 10;

export interface Watching {
  readonly changed: (state: CameraState) => void;
  readonly seen: (sighting: Sighting) => void;
  /** Two codes are about as near to the centre. */
  readonly several: () => void;
}

export const CAMERA_OFF: CameraState = {
  state: "off",
  torch: "none",
  cameras: [],
  cameraId: "",
  decoder: "",
};

interface TorchTrack {
  getCapabilities?: () => { readonly torch?: boolean };
}

export class Camera {
  private state = CAMERA_OFF;
  private stream: MediaStream | null = null;
  private decoder: Decoder | null = null;
  private round = 0;

  constructor(private readonly on: Watching) {}

  /** Open a camera ("" for the one at the back) and look through it until `stop`. */
  async start(video: HTMLVideoElement, cameraId: string): Promise<void> {
    this.stop();
    const round = ++this.round;
    this.tell({ ...CAMERA_OFF, state: "starting" });
    try {
      const stream = await openCamera(cameraId);
      if (round !== this.round) {
        stopTracks(stream);
        return;
      }
      this.stream = stream;
      video.srcObject = stream;
      video.muted = true;
      await video.play();
      this.decoder ??= await openDecoder();
      if (round !== this.round) return;
      const [track] = stream.getVideoTracks();
      track?.addEventListener("ended", () => this.lost(round));
      this.tell({
        state: "on",
        torch: hasTorch(track) ? "off" : "none",
        cameras: await cameras(),
        cameraId: track?.getSettings().deviceId ?? "",
        decoder: this.decoder.name,
      });
      await this.watch(video, round);
    } catch (fault) {
      if (round !== this.round) return;
      this.release();
      this.tell({ ...CAMERA_OFF, state: stateOf(fault) });
    }
  }

  stop(): void {
    this.round += 1;
    this.release();
    this.decoder?.stop();
    this.decoder = null;
    if (this.state.state !== "off") this.tell(CAMERA_OFF);
  }

  async setTorch(on: boolean): Promise<void> {
    const track = this.stream?.getVideoTracks()[0];
    if (track === undefined || this.state.torch === "none") return;
    try {
      // The torch is not in TypeScript's constraints.
      await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
      this.tell({ ...this.state, torch: on ? "on" : "off" });
    } catch {
      this.tell({ ...this.state, torch: "none" });
    }
  }

  private async watch(video: HTMLVideoElement, round: number): Promise<void> {
    let faults = 0;
    for (let frame = 1; round === this.round; frame += 1) {
      const beganMs = performance.now();
      if (video.videoWidth > 0 && !document.hidden) {
        try {
          await this.look(video, frame % HARD_EVERY === 0);
          faults = 0;
        } catch (fault) {
          faults += 1;
          if (faults >= FAULTS_MAX) throw fault;
        }
      }
      const restMs = LOOK_EVERY_MS - (performance.now() - beganMs);
      await new Promise((resolve) => setTimeout(resolve, Math.max(4, restMs)));
    }
  }

  private async look(video: HTMLVideoElement, hard: boolean): Promise<void> {
    const { x, y, side } = squareOf(video.videoWidth, video.videoHeight);
    const size = Math.min(side, SIDE_MAX);
    const bitmap = await createImageBitmap(video, x, y, side, side, {
      resizeWidth: size,
      resizeHeight: size,
      resizeQuality: "low",
    });
    const found = (await this.decoder?.look({ bitmap, hard })) ?? [];
    const aimed = aimedAt(found, size);
    if (aimed === "several") this.on.several();
    else if (aimed !== null) this.on.seen(aimed);
  }

  private lost(round: number): void {
    if (round !== this.round) return;
    this.round += 1;
    this.release();
    this.tell({ ...CAMERA_OFF, state: "failed" });
  }

  private release(): void {
    if (this.stream !== null) stopTracks(this.stream);
    this.stream = null;
  }

  private tell(state: CameraState): void {
    this.state = state;
    this.on.changed(state);
  }
}

function openCamera(cameraId: string): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) {
    throw new DOMException("no camera without a secure context", "NotFoundError");
  }
  const size = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const which =
    cameraId === "" ? { facingMode: { ideal: "environment" } } : { deviceId: { exact: cameraId } };
  return navigator.mediaDevices
    .getUserMedia({ video: { ...which, ...size }, audio: false })
    .catch((fault: unknown) => {
      // The camera that was chosen is gone: any other is better than none.
      if (cameraId !== "" && isNamed(fault, "OverconstrainedError")) return openCamera("");
      throw fault;
    });
}

async function cameras(): Promise<CameraState["cameras"]> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter(({ kind }) => kind === "videoinput")
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
}

function stateOf(fault: unknown): CameraState["state"] {
  if (isNamed(fault, "NotAllowedError") || isNamed(fault, "SecurityError")) return "denied";
  return isNamed(fault, "NotFoundError") ? "none" : "failed";
}

const isNamed = (fault: unknown, name: string): boolean =>
  fault instanceof Error && fault.name === name;

function hasTorch(track: MediaStreamTrack | undefined): boolean {
  return (track as TorchTrack | undefined)?.getCapabilities?.().torch === true;
}

function stopTracks(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
