import type { Kernel } from '../../kernel/index.ts';
import { ENCRYPTION_REQUESTS } from './contract.ts';
import { Encryption } from './encryption.ts';
import { encryptionHandlers } from './encryption-handlers.ts';
import { encryptionMetrics } from './metrics.ts';
import { RevokedDevices } from './revoked-devices.ts';

/** End-to-end encryption: delivers the messages of each encrypted room's group. */
export function registerEncryption(kernel: Kernel): void {
  const { authority, config, trust } = kernel;
  const answerBytes = config.limits.sendQueueBytes;
  const encryption = new Encryption(answerBytes, trust);
  const revoked = new RevokedDevices({ authority, trust, answerBytes });
  kernel.trustChanged.add(() => encryption.notifyRevoked());
  const metrics = encryptionMetrics(kernel.registry, encryption);
  kernel.requests(ENCRYPTION_REQUESTS, encryptionHandlers(encryption, revoked, metrics));
  kernel.requireSealed = ({ room, peer }, sealed, kind) =>
    encryption.of(room)?.requireSealed(peer, sealed, kind);
  kernel.snapshotPart('encryption', (room) => encryption.snapshot(room));
  kernel.happenings.add((happening) => {
    if (happening.name === 'room.closed') {
      encryption.forget(happening.data.room);
    }
  });
}
