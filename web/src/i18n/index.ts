// Language: chosen by the user, else by the browser; changed without a reload.
import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

export type Language = 'zh' | 'en';
/** A text that comes from the hub in both languages. */
export interface Bilingual {
  zh: string;
  en: string;
}

// Only the words of the language in use are fetched. Each language has every key, so none falls back on the other.
async function words(language: Language) {
  const translation = language === 'zh' ? (await import('./zh')).zh : (await import('./en')).en;
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', translation);
  }
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
  const first = firstLanguage();
  await i18next.use(initReactI18next).init({
    lng: first,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
  });
  await words(first);
}

export function useLanguage() {
  const { i18n, t } = useTranslation();
  const language: Language = i18n.language === 'zh' ? 'zh' : 'en';
  const change = (next: Language) => {
    localStorage.setItem(KEY, next);
    void words(next).then(() => i18n.changeLanguage(next));
  };
  return { language, change, t };
}
