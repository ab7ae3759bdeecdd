import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Why network namespaces cannot be created here, as the reason for skipping a test; false if they can. */
export const noNamespaces: string | false =
  process.getuid?.() === 0 ? false : 'only root may make network namespaces';

/**
 * Three network namespaces for a test: `server` on a public address, `home` behind a router that rewrites addresses and ports. No packet
 * leaves them. They use the example addresses of RFC 5737 and private ones.
 */
export class NatNetwork {
  static readonly serverAddress = '203.0.113.1';
  static readonly phoneAddresses = ['10.77.0.2', '10.77.0.3'] as const;
  readonly #names: Readonly<Record<'server' | 'router' | 'home', string>>;

  private constructor() {
    const name = (role: string) => `canopy-${role}-${process.pid}`;
    this.#names = { server: name('server'), router: name('router'), home: name('home') };
  }

  static async create(): Promise<NatNetwork> {
    const network = new NatNetwork();
    const { server, router, home } = network.#names;
    try {
      for (const name of [server, router, home]) {
        await execute('ip', ['netns', 'add', name]);
        await network.#in(name, 'ip link set lo up');
      }
      await network.#link(
        server,
        'outside',
        `${NatNetwork.serverAddress}/24`,
        router,
        'wan',
        '203.0.113.2/24',
      );
      await network.#link(
        home,
        'inside',
        `${NatNetwork.phoneAddresses[0]}/24`,
        router,
        'lan',
        '10.77.0.1/24',
      );
      await network.#in(home, `ip address add ${NatNetwork.phoneAddresses[1]}/24 dev inside`);
      await network.#in(home, 'ip route add default via 10.77.0.1');
      await network.#in(router, 'sysctl -qw net.ipv4.ip_forward=1');
      await network.#in(router, 'nft add table ip nat');
      await network.#in(router, 'nft add chain ip nat post { type nat hook postrouting priority 100 ; }');
      await network.#in(router, 'nft add rule ip nat post oifname wan masquerade random');
      return network;
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Command prefix that runs a program in the server's or the phones' namespace. */
  command(where: 'server' | 'home'): string[] {
    return ['ip', 'netns', 'exec', this.#names[where]];
  }

  async close(): Promise<void> {
    for (const name of Object.values(this.#names)) {
      await execute('ip', ['netns', 'delete', name]).catch(() => {});
    }
  }

  async #in(name: string, command: string): Promise<void> {
    await execute('ip', ['netns', 'exec', name, ...command.split(' ')]);
  }

  /** Connects two namespaces with a pair of interfaces. */
  async #link(
    one: string,
    oneEnd: string,
    oneAddress: string,
    other: string,
    otherEnd: string,
    otherAddress: string,
  ): Promise<void> {
    await execute('ip', [
      'link',
      'add',
      oneEnd,
      'netns',
      one,
      'type',
      'veth',
      'peer',
      'name',
      otherEnd,
      'netns',
      other,
    ]);
    for (const [name, end, address] of [
      [one, oneEnd, oneAddress],
      [other, otherEnd, otherAddress],
    ] as const) {
      await this.#in(name, `ip address add ${address} dev ${end}`);
      await this.#in(name, `ip link set ${end} up`);
    }
  }
}
