import type { Dialog } from '../dialog/index.ts';
import {
  bracketHost,
  encodeUser,
  formatNameAddr,
  formatUri,
  type NameAddr,
  NO_PARAMS,
  parseUri,
  type Uri,
} from '../message/index.ts';
import type { Clock } from '../transaction/index.ts';
import type { Flow, TransportLayer } from '../transport/index.ts';
import type { Binding } from './bindings.ts';
import type { PeerPlace } from './call-types.ts';
import { isElsewhere } from './elsewhere.ts';
import type { Route } from './invite-branch.ts';
import { Reachability } from './reachability.ts';
import type { Registrar } from './registrar.ts';
import { type DnsLookups, protocolOf, type Resolving, resolveTargets } from './resolve-targets.ts';
import { mayNameTarget } from './target-guard.ts';
import type { Trunk } from './trunk.ts';

/** The callee: a URI, a number through a trunk, or a user registered here. */
export type CallTarget =
  | { readonly uri: string }
  | { readonly trunk: string; readonly number: string }
  /** `instance`: only the phone with this `+sip.instance`. Default: all phones of the user. */
  | { readonly user: string; readonly instance?: string | undefined };

/** The callee cannot be reached: no such trunk, user or address. */
export class NoRouteError extends Error {
  override readonly name = 'NoRouteError';
}

/** A trunk has its maximum of calls, at once or per second. */
export class TrunkFullError extends NoRouteError {}

/** Larger requests, in bytes, try TCP first (RFC 3261 §18.1.1). */
const MAX_UDP_BYTES = 1300;

export interface RoutesOptions {
  readonly transport: TransportLayer;
  readonly registrar: Registrar;
  readonly domain: string | undefined;
  readonly dns: DnsLookups | undefined;
  readonly random: () => number;
  readonly clock: Clock;
}

/** Finds routes for requests: by DNS, by the flows of registered phones, and inside dialogs. */
export class Routes {
  readonly #transport: TransportLayer;
  readonly #registrar: Registrar;
  readonly #domain: string | undefined;
  readonly #resolving: Resolving;
  readonly #random: () => number;
  readonly #reachability: Reachability;

  constructor({ transport, registrar, domain, dns, random, clock }: RoutesOptions) {
    this.#transport = transport;
    this.#registrar = registrar;
    this.#domain = domain;
    this.#random = random;
    this.#resolving = { usable: (protocol) => transport.has(protocol), dns, random };
    this.#reachability = new Reachability(clock);
  }

  /** The URI of a target. @throws {SipParseError} it is malformed */
  addressOf(target: CallTarget, trunk: Trunk | undefined): Uri {
    if ('uri' in target) {
      return parseUri(target.uri);
    }
    const user = encodeUser('user' in target ? target.user : target.number);
    if (trunk) {
      return { ...trunk.uri, user, password: undefined, headers: undefined };
    }
    const host = this.#domain ?? this.#transport.bound[0]?.local.address ?? 'localhost';
    return { scheme: 'sip', user, host: bracketHost(host), params: NO_PARAMS };
  }

  /**
   * Routes to the phones of a user, or only to one of them, each on the flow that it registered on; for a phone with several flows (RFC 5626), the latest first. If
   * a phone has moved, only its latest registration counts.
   */
  toUser({ user, instance }: { user: string; instance?: string | undefined }): Route[][] {
    const bindings = this.#registrar
      .lookup(user)
      .filter((binding) => instance === undefined || binding.instance === instance);
    const isLast = ({ callId, sequence, regId }: Binding) =>
      !bindings.some(
        (other) => other.callId === callId && other.regId === regId && other.sequence > sequence,
      );
    const phones = Map.groupBy(bindings.filter(isLast), (binding) =>
      binding.regId === undefined ? binding : binding.instance,
    );
    return [...phones.values()].map((flows) =>
      flows
        .sort((one, other) => other.registeredAt - one.registeredAt)
        .map((binding) => ({
          uri: binding.contact,
          path: binding.path,
          address: binding.flow.remote.address,
          protocol: binding.flow.protocol,
          open: () => binding.flow,
          phone: this.#registrar.follow(user, binding),
        })),
    );
  }

  /**
   * Routes to a number at a trunk, best first: to its contacts in the order of their priorities and weights, those that do not answer last,
   * each through the trunk's proxy and Service-Route if it has them.
   */
  async toTrunk(trunk: Trunk, number: string, bytes: number): Promise<Route[]> {
    const user = encodeUser(number);
    const via = trunk.routeSet;
    const found = await Promise.all(
      trunk
        .hops(this.#random)
        .map((hop) => this.toUri({ ...hop, user, password: undefined, headers: undefined }, bytes, via)),
    );
    return found.flat().filter(({ address }) => trunk.mayUse(address));
  }

  /**
   * Routes to a URI, best first. `bytes`: size of the request; a large one tries TCP before UDP. `routeSet`: proxies to send it through
   * (RFC 3261 §8.1.2).
   */
  async toUri(uri: Uri, bytes: number, routeSet: readonly NameAddr[] = []): Promise<Route[]> {
    const hop = routeSet[0]?.uri ?? uri;
    const targets = this.#reachability.order(await resolveTargets(hop, this.#resolving));
    const routes: Route[] = [];
    for (const target of targets) {
      const { address } = target;
      const common = {
        uri,
        address,
        path: routeSet.map(formatNameAddr),
        failed: (seconds?: number) => this.#reachability.failed(target, seconds),
      };
      const mayChoose = hop.scheme === 'sip' && protocolOf(hop) === undefined && target.protocol === 'udp';
      if (mayChoose && bytes > MAX_UDP_BYTES) {
        const tcp = { ...target, protocol: 'tcp' as const };
        routes.push({ ...common, protocol: 'tcp', open: () => this.#transport.flowTo(tcp) });
      }
      routes.push({ ...common, protocol: target.protocol, open: () => this.#transport.flowTo(target) });
    }
    return routes;
  }

  /**
   * The flow for a request in a dialog: by its route set, or else by its remote target (RFC 3261 §12.2.1.1). Without a route set, some
   * peers are reached on their last flow instead: phones registered here, direct peers behind a NAT or on a connection, and peers whose
   * Contact is private to another network.
   * @throws {NoRouteError} there is no flow
   */
  async inDialog(dialog: Dialog, peer: PeerPlace): Promise<Flow> {
    const hop = dialog.nextHop;
    const isRouted = dialog.routeSet.length > 0;
    const last = lastFlow(peer);
    // `ob`: the peer wants requests on the flow of its own (RFC 5626 §4.3).
    const isBound = 'params' in hop && hop.params.has('ob');
    if (last && !isRouted && (peer.direct || peer.phone || isBound)) {
      return last;
    }
    if (last && (hop.scheme === 'sip' || hop.scheme === 'sips')) {
      const { remote } = last;
      if (!isRouted && isElsewhere(hop.host, remote.address)) {
        return last;
      }
      const named = protocolOf(hop);
      const isSame = hop.host === bracketHost(remote.address) && (named ?? last.protocol) === last.protocol;
      if (last.reliable && isSame) {
        return last;
      }
    }
    const targets = await resolveTargets(hop, this.#resolving);
    const target = targets.find(({ address }) => mayNameTarget(peer.flow.remote.address, address));
    // If the name does not resolve, fall back to the peer's last flow.
    const flow = target ? this.#transport.flowTo(target) : targets.length === 0 ? last : undefined;
    if (!flow) {
      throw new NoRouteError(`there is no route to ${formatUri(hop)}`);
    }
    return flow;
  }
}

/** The latest open flow of the peer. */
function lastFlow({ flow, atMs, phone }: PeerPlace): Flow | undefined {
  const registered = phone?.newest();
  const flows = registered && registered.atMs > atMs ? [registered.flow, flow] : [flow, registered?.flow];
  return flows.find((each) => each?.open);
}
