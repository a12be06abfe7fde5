// Language: chosen by the user, else by the browser; changed without a reload.
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

import { en } from './en';
import { zh } from './zh';

export type Language = 'zh' | 'en';
/** A text that comes from the hub in both languages. */
export interface Bilingual {
  zh: string;
  en: string;
}

const KEY = 'lineshaft.language';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(KEY);
  if (chosen === 'zh' || chosen === 'en') return chosen;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export async function startLanguage(): Promise<void> {
  i18next.on('languageChanged', (language) => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  });
  await i18next.use(initReactI18next).init({
    lng: firstLanguage(),
    fallbackLng: 'zh',
    resources: { zh: { translation: zh }, en: { translation: en } },
    interpolation: { escapeValue: false },
  });
}

export function useLanguage() {
  const { i18n, t } = useTranslation();
  const language: Language = i18n.language === 'zh' ? 'zh' : 'en';
  const change = (next: Language) => {
    localStorage.setItem(KEY, next);
    void i18n.changeLanguage(next);
  };
  return { language, change, t };
}
