/** Joins over a network with delay: how many round trips they take. */
export { type BenchTripsOptions, benchTrips, JOIN_TRIPS } from './bench-trips.ts';
