import { Dialog } from '../dialog/index.ts';
import { type HeaderField, type NameAddr, parseNameAddr } from '../message/index.ts';
import type { Flow } from '../transport/index.ts';
import type { CallerIdentity } from './admissions.ts';
import { Call } from './call.ts';
import type { CallHost, MaybeDigest } from './call-types.ts';
import type { FollowedPhone } from './registrar.ts';
import type { SavedCall } from './saved-call.ts';

/** An answered call that an earlier process has made or taken. The peer notices nothing, unless it hung up in the meantime. */
export class RestoredCall extends Call {
  readonly direction: 'incoming' | 'outgoing';
  readonly callId: string;
  readonly remote: NameAddr;
  readonly local: NameAddr;
  readonly identity: CallerIdentity;

  /** @throws {SipParseError} an address is malformed */
  constructor(
    host: CallHost,
    saved: SavedCall,
    { flow, phone, digest }: { flow: Flow; phone: FollowedPhone | undefined; digest: MaybeDigest },
  ) {
    super(host, flow, digest, saved.contact);
    this.direction = saved.direction;
    this.identity = saved.identity;
    this.remote = parseNameAddr(saved.remote);
    this.local = parseNameAddr(saved.local);
    this.dialog = Dialog.restore(saved.dialog);
    this.callId = this.dialog.callId;
    this.resume(saved, phone);
    host.adopt(this.dialog, this);
  }

  async hangUp(why: readonly HeaderField[] = []): Promise<void> {
    if (this.ended) {
      return;
    }
    const bye = this.sendBye(why);
    this.finish({ cause: 'local' });
    await bye;
  }

  /** Asks the peer, in the dialog, whether it still has the call; if it does not, the call ends. */
  async confirm(): Promise<void> {
    const { status } = await this.client().request('OPTIONS', [], undefined);
    if (status === 481 && !this.ended) {
      this.finish({ cause: 'remote' });
    }
  }
}
