import { GoBuildFailed, goProgram } from '../../go-program.ts';
import { SystemUnavailable } from '../../server-group/index.ts';

/** Newer ones have dependencies that `go install` refuses. */
export const LIVEKIT_VERSION = '1.13.5';

/** Path of the cached LiveKit server, built on first use: some minutes. @throws {SystemUnavailable} e.g. without Go */
export async function ensureLiveKit(write: (line: string) => void): Promise<string> {
  const module = 'github.com/livekit/livekit-server/cmd/server';
  try {
    return await goProgram(
      { name: 'livekit-server', module, binary: 'server', version: LIVEKIT_VERSION },
      write,
    );
  } catch (error) {
    if (error instanceof GoBuildFailed) {
      throw new SystemUnavailable(error.message, { cause: error });
    }
    throw error;
  }
}
