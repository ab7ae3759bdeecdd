import type { Flow } from './flow.ts';

/** The flow of a connection that ended with an earlier process: it says where the peer was, and is closed. */
export function goneFlow({
  protocol,
  remote,
  advertised,
}: Pick<Flow, 'protocol' | 'remote' | 'advertised'>): Flow {
  return {
    protocol,
    remote,
    advertised,
    reliable: protocol !== 'udp',
    open: false,
    send: () => {},
    onClose: (listener) => {
      queueMicrotask(() => listener(undefined));
      return () => {};
    },
  };
}
