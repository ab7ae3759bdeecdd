export { registerAccountRoutes } from './account-routes.ts';
export { registerAllocationRoute } from './allocation-route.ts';
export { createApp } from './app.ts';
export { admitForeignPages } from './foreign-pages.ts';
export { Listener } from './listener.ts';
export { defaultPublicUrl, OwnOrigins } from './origins.ts';
export { registerRoutes } from './routes.ts';
export { registerTelephonyRoutes } from './telephony-routes.ts';
export { TlsSource } from './tls.ts';
