import { MediaTrack } from '../media-track.ts';
import type { InboundStream } from './inbound-stream.ts';

/** A track received from the server. Use `stream` for measurements and to tap packets. */
export class ReceivedTrack extends MediaTrack {
  readonly stream: InboundStream;

  constructor(kind: 'audio' | 'video', stream: InboundStream) {
    super(kind, 'received');
    this.stream = stream;
  }
}
