import { type ArrivedPacket, buildTransportFeedback, SequenceUnwrapper } from '../rtp/index.ts';

/** Maximum number of sequence numbers in a feedback packet, so that it fits an MTU. */
const MAX_STATUSES = 1000;

/** Collects arrival times by transport-wide sequence number, and builds the feedback for the server's bandwidth estimation. */
export class FeedbackRecorder {
  readonly #unwrapper = new SequenceUnwrapper();
  #arrived: ArrivedPacket[] = [];
  #mediaSsrc = 0;
  #count = 0;

  add(transportSequence: number, mediaSsrc: number, atMs: number): void {
    this.#mediaSsrc = mediaSsrc;
    this.#arrived.push({ sequence: this.#unwrapper.unwrap(transportSequence), atMs });
  }

  /** Returns feedback packets for everything since the last call. */
  flush(senderSsrc: number): Buffer[] {
    const arrived = this.#arrived.sort((a, b) => a.sequence - b.sequence);
    this.#arrived = [];
    const packets: Buffer[] = [];
    let start = 0;
    while (start < arrived.length) {
      const first = arrived[start] as ArrivedPacket;
      let end = start + 1;
      while (
        end < arrived.length &&
        (arrived[end] as ArrivedPacket).sequence < first.sequence + MAX_STATUSES
      ) {
        end++;
      }
      packets.push(
        buildTransportFeedback(senderSsrc, this.#mediaSsrc, this.#count++, unique(arrived.slice(start, end))),
      );
      start = end;
    }
    return packets;
  }
}

function unique(sorted: ArrivedPacket[]): ArrivedPacket[] {
  return sorted.filter((packet, index) => packet.sequence !== sorted[index - 1]?.sequence);
}
