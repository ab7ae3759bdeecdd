/** Whether this is no address in particular: to listen on it is to listen on all, to send to it is to send to nobody. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Whether only this host has the address; one of IPv4 may be written as sockets of IPv6 do. */
export function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.[\d.]+$|^::1$/.test(address);
}

/** A name or an address as it stands in a URL or in SIP (RFC 3986 §3.2.2). */
export function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
