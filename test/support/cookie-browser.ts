/** What a browser does about redirects and cookies, with one cookie jar for each host. Enough to walk through a sign-on without a page. */
export class CookieBrowser {
  readonly #jars = new Map<string, Map<string, string>>();

  /** Sends a request with this host's cookies and keeps those of the answer. Redirects are not followed. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    const headers = new Headers(init.headers);
    headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '' || /max-age=0/i.test(cookie)) {
        jar.delete(name);
      } else {
        jar.set(name, value);
      }
    }
    return response;
  }

  /** Sends a JSON body as the page at this origin does. */
  post(url: string, body: unknown, origin = new URL(url).origin): Promise<Response> {
    return this.fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body),
    });
  }

  /** Follows redirects until an answer is none, or leads to `until`. Returns the last address. */
  async follow(url: string, until: (url: string) => boolean): Promise<string> {
    let current = url;
    for (let hops = 0; hops < 20 && !until(current); hops += 1) {
      const response = await this.fetch(current);
      const location = response.headers.get('location');
      if (location === null) {
        return current;
      }
      current = new URL(location, current).href;
    }
    return current;
  }
}
