import { CanopyError } from '../../../../../base/index.ts';
import { demand, type Kernel, type PeerPrincipal } from '../../../../kernel/index.ts';
import type { RecordingRow } from '../../tables.ts';
import type { RecordingAccess, Viewer } from '../recording-access.ts';
import type { Shares } from './shares.ts';
import type { RecordingShareRow } from './tables.ts';

type Host = Pick<Kernel, 'linkOrigin' | 'rooms'>;

/** A link that may be used now, and what it leads to. */
export interface Shared {
  share: RecordingShareRow;
  row: RecordingRow;
  title: string | null;
}

/** Who may share recordings, and what a link still leads to. */
export class Sharing {
  readonly shares: Shares;
  readonly #kernel: Host;
  readonly #access: RecordingAccess;

  constructor(kernel: Host, access: RecordingAccess, shares: Shares) {
    this.shares = shares;
    this.#kernel = kernel;
    this.#access = access;
  }

  /** @throws {CanopyError} FORBIDDEN - also if the room's owner forbids it; RECORDING_UNKNOWN, RECORDING_UNFINISHED, LIMIT_REACHED */
  async share(
    viewer: Viewer,
    { recordingId, days }: { recordingId: string; days: number },
  ): Promise<{ row: RecordingShareRow; url: string }> {
    const { principal, room } = viewer;
    const { status } = await this.find(viewer, recordingId);
    if (room.recordingSharing === false) {
      throw new CanopyError('FORBIDDEN', 'the owner of this room does not let its recordings be shared');
    }
    if (status !== 'ended') {
      throw new CanopyError('RECORDING_UNFINISHED');
    }
    const { accountId, displayName } = principal;
    const { row, secret } = await this.shares.create({ recordingId, accountId, displayName, days });
    return { row, url: this.#urlOf(principal, secret) };
  }

  /** A recording whose links someone may see and withdraw. @throws {CanopyError} FORBIDDEN, RECORDING_UNKNOWN */
  async find({ principal, room }: Viewer, recordingId: string): Promise<RecordingRow> {
    demand(principal, 'recording.control', room);
    return this.#access.find(recordingId, room.roomId);
  }

  /**
   * What a link leads to, checked with every request.
   *
   * @throws {CanopyError} RECORDING_LINK_INVALID - there is no such link, it has expired or was withdrawn, the recording is gone, or the room's
   *   owner forbids sharing now
   */
  async demand(by: { secret: string } | { shareId: string }): Promise<Shared> {
    const share = await ('secret' in by ? this.shares.find(by.secret) : this.shares.byId(by.shareId));
    const row = share && (await this.#access.find(share.recording_id).catch(unlessUnknown));
    const room = row && (await this.#kernel.rooms.record(row.room_id));
    if (!share || !row || room?.recordingSharing === false) {
      throw new CanopyError('RECORDING_LINK_INVALID');
    }
    return { share, row, title: room?.title ?? null };
  }

  /** The secret is in the fragment, which browsers do not send. */
  #urlOf({ origin }: PeerPrincipal, secret: string): string {
    return `${this.#kernel.linkOrigin(origin)}/#/recording/${secret}`;
  }
}

function unlessUnknown(error: unknown): undefined {
  if (CanopyError.from(error).code !== 'RECORDING_UNKNOWN') {
    throw error;
  }
}
