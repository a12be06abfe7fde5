// What surrounds every page: language, look, server data, routes.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as AntApp, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import i18next from 'i18next';
import { useMemo, useState } from 'react';
import { RouterProvider } from 'react-router';

import { ApiError } from './api/client';
import { useLanguage } from './i18n';
import { router } from './routes';
import { firstMode, keepMode, type Mode, ModeContext, themeOf } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // An answer that will be the same again is not asked for again.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status < 500),
      retryDelay: 500,
      refetchOnWindowFocus: true,
    },
  },
});

// Some sentences come in the reader's language only: they are asked for anew.
i18next.on('languageChanged', () => void queries.invalidateQueries());

export function App() {
  const { language } = useLanguage();
  const [mode, setMode] = useState<Mode>(firstMode);
  document.documentElement.dataset.mode = mode;
  const chosen = useMemo(
    () => ({
      mode,
      change: (next: Mode) => {
        keepMode(next);
        setMode(next);
      },
    }),
    [mode],
  );
  return (
    <ModeContext value={chosen}>
      <ConfigProvider
        locale={language === 'zh' ? zhCN : enUS}
        theme={themeOf(mode)}
        button={{ autoInsertSpace: false }}
      >
        <AntApp>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </AntApp>
      </ConfigProvider>
    </ModeContext>
  );
}
