/** How to connect to one server over TLS. */
export interface ClientTls {
  /** Equal for equal settings: a connection made with others is not used. */
  readonly id: string;
  /** Name that the server's certificate must be for. Default: the one in the URI. */
  readonly serverName?: string | undefined;
  /** Reads what is presented and trusted, for each connection. Undefined: it cannot be read, so there is no connection. */
  load(): { readonly cert?: string; readonly key?: string; readonly ca?: string } | undefined;
}
