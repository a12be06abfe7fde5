// The look: dense, quiet; the colours of state stand in widgets/states.tsx alone. Light or dark is the user's choice.
import { theme as antTheme, type ThemeConfig } from 'antd';
import { createContext, useContext } from 'react';

export const FONTS = '"Segoe UI","PingFang SC","Microsoft YaHei","Noto Sans CJK SC","Noto Sans SC",sans-serif';
export const MONO = '"Cascadia Mono",Consolas,"SF Mono","Noto Sans Mono CJK SC","DejaVu Sans Mono",monospace';

export type Mode = 'light' | 'dark';
const KEY = 'lineshaft.mode';

export function firstMode(): Mode {
  return localStorage.getItem(KEY) === 'dark' ? 'dark' : 'light';
}

export function keepMode(mode: Mode): void {
  localStorage.setItem(KEY, mode);
}

export const ModeContext = createContext<{ mode: Mode; change: (mode: Mode) => void }>({
  mode: 'light',
  change: () => undefined,
});
export const useMode = () => useContext(ModeContext);

export function themeOf(mode: Mode): ThemeConfig {
  const dark = mode === 'dark';
  return {
    algorithm: dark ? [antTheme.darkAlgorithm, antTheme.compactAlgorithm] : antTheme.compactAlgorithm,
    token: {
      colorPrimary: dark ? '#1668dc' : '#0958d9',
      ...(dark ? {} : { colorPrimaryHover: '#003eb3', colorPrimaryActive: '#002c8c' }),
      colorLink: dark ? '#69b1ff' : '#0958d9',
      colorLinkHover: dark ? '#91caff' : '#003eb3',
      colorLinkActive: dark ? '#91caff' : '#002c8c',
      colorError: dark ? '#ff7875' : '#cf1322',
      colorTextSecondary: dark ? 'rgba(255,255,255,0.72)' : '#595959',
      colorTextDescription: dark ? 'rgba(255,255,255,0.65)' : '#595959',
      colorTextPlaceholder: dark ? 'rgba(255,255,255,0.55)' : '#6b6b6b',
      colorBgLayout: dark ? '#0d1117' : '#f5f5f5',
      borderRadius: 4,
      fontFamily: FONTS,
      fontFamilyCode: MONO,
      fontSize: 14,
      // Whoever asked their system for stillness gets it.
      motion: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    },
    components: {
      Layout: { headerBg: '#001529', headerHeight: 48, siderBg: dark ? '#141414' : '#ffffff' },
      Menu: { itemHeight: 36, ...(dark ? { itemSelectedColor: '#91caff', itemSelectedBg: '#111a2c' } : {}) },
      Table: { cellPaddingBlockSM: 6 },
      // On a dark ground the primary colour is too dark for words.
      ...(dark ? { Tabs: { itemSelectedColor: '#69b1ff', itemHoverColor: '#91caff' }, Button: { dangerColor: '#141414' } } : {}),
    },
  };
}
