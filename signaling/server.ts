import { MIGRATIONS, registerFeatures } from './features/index.ts';
import { Kernel, type KernelOptions } from './kernel/index.ts';

/** Options of the kernel. The migrations are those of all features. */
export type ServerOptions = Omit<KernelOptions, 'migrations'>;

/** The running control plane. */
export interface SignalingServer {
  readonly port: number;
  /** The port of the REST API with client certificates; undefined: there is none. */
  readonly apiPort: number | undefined;
  /** The addresses at which people can reach the server; the first one is used in links. */
  readonly urls: string[];
  /** A one-time link for the first person, while nobody has enrolled. It invalidates the links of earlier starts. */
  firstInvitation(): Promise<string | null>;
  /** Stops admitting people. Resolves when everyone has left, or after `server.drainSeconds`. */
  drain(): Promise<void>;
  /** Closes sockets, rooms and store. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens the data folder, adds every feature, and listens.
 *
 * @throws {CanopyError} CONFIG_INVALID, PORT_IN_USE
 * @throws {CanopyError} DATA_IN_USE - another server is running on the folder
 * @throws {CanopyError} CA_UNUSABLE, STORE_UNUSABLE - the folder's contents are damaged
 * @throws {CanopyError} STORE_UNAVAILABLE - PostgreSQL does not answer
 */
export async function startSignaling(options: ServerOptions): Promise<SignalingServer> {
  const kernel = await Kernel.open({ ...options, migrations: MIGRATIONS });
  const { invitations } = registerFeatures(kernel);
  await kernel.listen();
  return {
    port: kernel.port,
    apiPort: kernel.apiPort,
    urls: kernel.urls,
    firstInvitation: () => invitations.first(),
    drain: () => kernel.drain(),
    close: () => kernel.close(),
  };
}
