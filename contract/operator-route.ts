/** Values for the parameters in a route's path. */
export type PathValues = Readonly<Record<string, string>>;
/** Values that are undefined are left out. */
export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** The method and the path of a request to a route, e.g. `GET /api/rooms/:roomId/allocation`. */
export function requestTo(
  route: string,
  { params = {}, query = {} }: { params?: PathValues; query?: QueryValues },
): { method: string; path: string } {
  const [method = '', template = ''] = route.split(' ');
  const path = template.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return { method, path: given.length === 0 ? path : `${path}?${new URLSearchParams(given)}` };
}
