export interface MetricsPage {
  body: string;
  contentType: string;
}

/** A scrape reads statistics from every transport, so requests within this time share one page. In milliseconds. */
const FRESH_MS = 1_000;

/** Builds the metrics page at most once per second, however many clients request it. */
export function cacheMetrics(
  makePage: () => Promise<MetricsPage>,
  now: () => number = () => performance.now(),
): () => Promise<MetricsPage> {
  let page: Promise<MetricsPage> | undefined;
  let builtAtMs = 0;
  return () => {
    if (page === undefined || now() - builtAtMs >= FRESH_MS) {
      builtAtMs = now();
      const built = makePage();
      page = built;
      // A failure is returned but not cached.
      built.catch(() => {
        if (page === built) {
          page = undefined;
        }
      });
    }
    return page;
  };
}
