// The addresses of all pages, behind the sign-in.
import { createBrowserRouter, type RouteObject } from 'react-router';

import { notFound, PAGES } from './pages';
import { Gate } from './session/Gate';
import { PageTrouble } from './widgets/PageTrouble';

const pages: RouteObject[] = PAGES.flatMap((page) => page.routes).map(({ path, lazy }) => ({
  path,
  lazy,
  ErrorBoundary: PageTrouble,
}));

export const router = createBrowserRouter([
  { element: <Gate />, ErrorBoundary: PageTrouble, children: [...pages, { path: '*', lazy: notFound }] },
]);
