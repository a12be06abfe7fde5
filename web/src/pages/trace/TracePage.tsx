// Answers first: where is it now, and who has it in hand.
import { useParams } from 'react-router';

import './trace.css';
import { SearchView } from './SearchView';
import { TrailView } from './TrailView';

export function TracePage() {
  const { number } = useParams();
  return number ? <TrailView key={number} number={number} /> : <SearchView />;
}
