/** In pixels. */
export interface FrameSize {
  width: number;
  height: number;
}
