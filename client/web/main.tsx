import { render } from 'preact';
import { AppModel } from './model/index.ts';
import { App } from './views/index.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/forms.css';
import './styles/room.css';
import './styles/hands.css';

const root = document.getElementById('app');
const model = new AppModel();
if (root) {
  render(<App model={model} />, root);
}
void model.start();
