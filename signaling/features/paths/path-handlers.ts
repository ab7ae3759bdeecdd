import { CanopyError } from '../../../base/index.ts';
import { verifyDtlsProof } from '../../identity/index.ts';
import { type Handlers, type Kernel, requirePrincipal } from '../../kernel/index.ts';
import type { PATH_REQUESTS } from './contract.ts';
import type { PathTests } from './path-tests.ts';

/** Handlers for connection tests. */
export function pathHandlers(
  { authority, sfu }: Pick<Kernel, 'authority' | 'sfu'>,
  tests: PathTests,
): Handlers<keyof typeof PATH_REQUESTS> {
  return {
    'path.open': async (session) => tests.open(session),

    'path.create': async (session, { path, rtpCapabilities }) => {
      const created = await sfu.openTestedPath(tests.testOf(session), path, rtpCapabilities);
      const { workerId, dtlsParameters } = created;
      const fingerprint = dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
      return { ...created, binding: await authority.signDtls(workerId, fingerprint?.value ?? '') };
    },

    'path.connect': async (session, { transportId, dtlsParameters, signature }) => {
      const testId = tests.testOf(session);
      if (!sfu.ownsTestedPath(testId, transportId)) {
        throw new CanopyError('TRANSPORT_UNKNOWN');
      }
      const [{ value }] = dtlsParameters.fingerprints;
      await verifyDtlsProof(requirePrincipal(session).device, { transportId, fingerprint: value, signature });
      await sfu.connectTestedPath(testId, transportId, dtlsParameters);
      return {};
    },

    'path.send': async (session, { transportId, load }) => tests.send(session, transportId, load),

    'path.close': async (session) => {
      tests.close(session);
      return {};
    },
  };
}
