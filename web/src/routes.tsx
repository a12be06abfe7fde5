// The addresses of all pages, behind the sign-in.
import { createBrowserRouter, type RouteObject } from 'react-router';

import { type Lazy, notFound, PAGES } from './pages';
import { Gate } from './session/Gate';
import { PageTrouble } from './widgets/PageTrouble';

// The router shows nothing at all for a page whose code did not come (an upgrade took the file away, the network went):
// it is caught here. What stands in its place loads the whole console anew.
const orTrouble = (lazy: Lazy): Lazy => () => lazy().catch(() => ({ Component: PageTrouble }));

const pages: RouteObject[] = PAGES.flatMap((page) => page.routes).map(({ path, lazy }) => ({
  path,
  lazy: orTrouble(lazy),
  ErrorBoundary: PageTrouble,
}));

export const router = createBrowserRouter([
  { element: <Gate />, ErrorBoundary: PageTrouble, HydrateFallback: () => null, children: [...pages, { path: '*', lazy: orTrouble(notFound) }] },
]);
