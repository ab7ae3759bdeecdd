import { CanopyError } from '../../../base/index.ts';
import { type ContentKind, readEnvelope } from '../../../contract/content/index.ts';
import { refuse } from '../../../contract/mls/index.ts';
import type { PublicGroup } from './public-group.ts';

/** Of how many of the latest epochs content is taken: while it is on its way, others come and go. */
const MAX_EPOCHS = 16;

/** Who was in the latest epochs of a group: judges by what can be read of sealed content whether its author's device sealed it. */
export class ContentEpochs {
  /** The device of each leaf, by epoch; the oldest first. */
  readonly #devices = new Map<number, PublicGroup['devices']>();

  /** An epoch has begun. */
  add({ epoch, devices }: PublicGroup): void {
    this.#devices.set(epoch, devices);
    this.#devices.delete(epoch - MAX_EPOCHS);
  }

  /** The group is over. */
  clear(): void {
    this.#devices.clear();
  }

  /**
   * @param groupId the current group; undefined: there is none
   * @param content `sealed`: an envelope, base64
   * @throws {CanopyError} ENCRYPTION_INVALID - it is of another kind, or another device's; ENCRYPTION_STALE - it is of another group, or of an
   * epoch of long ago
   */
  require(
    groupId: string | undefined,
    deviceId: string,
    { sealed, kind }: { sealed: string; kind: ContentKind },
  ): void {
    const envelope = readEnvelope(new Uint8Array(Buffer.from(sealed, 'base64')));
    if (envelope.kind !== kind) {
      refuse(`${envelope.kind} in place of ${kind}`);
    }
    const devices = envelope.groupId === groupId ? this.#devices.get(Number(envelope.epoch)) : undefined;
    if (!devices) {
      throw new CanopyError('ENCRYPTION_STALE', 'content of another group, or of an epoch of long ago');
    }
    if (devices.get(envelope.leaf) !== deviceId) {
      refuse(`leaf ${envelope.leaf} is another device’s`);
    }
  }
}
