import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './App';
import { startLanguage } from './i18n';
import './styles.css';

const root = document.getElementById('root');
if (!root) throw new Error('Expected an element #root in index.html, but there is none.');

await startLanguage();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
