import type { RunData } from '../generator/index.ts';

/** One line per peer. */
export function toCsv({ peers }: RunData): string {
  const head = [
    'peer',
    'room',
    'error',
    'connect_ms',
    'join_ms',
    'publish_ms',
    'first_media_ms',
    'audio_streams',
    'video_streams',
    'received_packets',
    'lost_packets',
    'repaired_packets',
    'received_bytes',
    'sent_bytes',
    'jitter_p95_ms',
  ];
  const rows = peers.map((peer) => [
    peer.index,
    peer.roomId,
    peer.error ?? '',
    peer.join?.connectMs.toFixed(1) ?? '',
    peer.join?.joinMs.toFixed(1) ?? '',
    peer.join?.publishMs.toFixed(1) ?? '',
    peer.join?.firstMediaMs?.toFixed(1) ?? '',
    peer.audioStreams,
    peer.videoStreams,
    peer.inbound.packets,
    peer.inbound.lostPackets,
    peer.inbound.repairedPackets,
    peer.link.receivedBytes,
    peer.link.sentBytes,
    peer.jitterP95Ms.toFixed(2),
  ]);
  return csvTable([head, ...rows]);
}

/** RFC 4180, with a header line. */
export function csvTable(rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** RFC 4180 quoting. */
function field(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
