// The large figures; each is a button that shows its orders.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import type { Board, Figure } from '../../api/board';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { looksOf, type State } from '../../widgets/states';
import { count } from '../../widgets/time';
import type { Chosen } from './BoardPage';
import { sums } from './worth';

interface Props {
  board: Board;
  chosen: Chosen | undefined;
  choose: (chosen: Chosen | undefined) => void;
}

export function Figures({ board, chosen, choose }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const card = (figure: Figure, value: ReactNode, state: State, below?: ReactNode) => (
    <Card
      key={figure}
      figure={figure}
      value={value}
      below={below}
      state={state}
      chosen={chosen?.figure === figure && !chosen.stage}
      choose={choose}
    />
  );
  const share = board.due ? `${((100 * board.on_time) / board.due).toFixed(1)} %` : '–';
  return (
    <div className="board-figures">
      {card('open', count(board.open, language), 'active', sums(board.backlog, language))}
      {card('late', count(board.late, language), board.late ? 'failed' : 'done')}
      {card('refused', count(board.refused, language), board.refused ? 'retrying' : 'done')}
      {card('done', count(board.done, language), 'done')}
      {card(
        'on_time',
        share,
        board.due === 0 ? 'waiting' : board.on_time === board.due ? 'done' : 'retrying',
        board.due > 0 && t('board.ofDue', { kept: board.on_time, due: board.due }),
      )}
      {board.due > board.on_time && card('missed', count(board.due - board.on_time, language), 'failed')}
      {board.without_amount > 0 &&
        card('without_amount', count(board.without_amount, language), 'waiting')}
    </div>
  );
}

interface CardProps {
  figure: Figure;
  value: ReactNode;
  below?: ReactNode;
  state: State;
  chosen: boolean;
  choose: (chosen: Chosen | undefined) => void;
}

function Card({ figure, value, below, state, chosen, choose }: CardProps) {
  const { t } = useTranslation();
  const { mode } = useMode();
  const look = looksOf(mode)[state];
  return (
    <button
      type="button"
      className="board-figure"
      style={{ color: look.ink, background: look.paper, borderColor: chosen ? look.line : `${look.line}59` }}
      aria-pressed={chosen}
      data-figure={figure}
      onClick={() => choose(chosen ? undefined : { figure })}
    >
      <span className="name">
        {look.icon} {t(`board.figures.${figure}`)}
      </span>
      <span className="value number">{value}</span>
      {below && <span className="below number">{below}</span>}
    </button>
  );
}
