import { MediaTrack } from '../media-track.ts';
import type { InboundStream } from './inbound-stream.ts';

/** A track that arrives from the server; `stream` is where to measure it and to tap its packets. */
export class ReceivedTrack extends MediaTrack {
  readonly stream: InboundStream;

  constructor(kind: 'audio' | 'video', stream: InboundStream) {
    super(kind, 'received');
    this.stream = stream;
  }
}
