/** RTP and RTCP: parsing, sending, statistics, source checks. */
export { parseRtp, type RtpPacket } from '../../../base/rtp/index.ts';
export type { Endpoint } from '../../../base/udp/index.ts';
export { type DatagramKind, demultiplex } from './demultiplex.ts';
export { estimateMos } from './estimate-mos.ts';
export { ReceiveStatistics, type ReceptionSummary } from './receive-statistics.ts';
export { type ReportBlockSource, RtcpSession } from './rtcp-session.ts';
export { type AudioLevel, SendStream } from './send-stream.ts';
export { SequenceUnwrapper, TimestampUnwrapper } from './sequence-unwrapper.ts';
export { SourceLock } from './source-lock.ts';
export { StreamNumbers } from './stream-numbers.ts';
