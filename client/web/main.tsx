import { render } from 'preact';
import { AppModel } from './model/index.ts';
import { startLanguage } from './strings/index.ts';
import { App } from './views/index.ts';
import './styles/base.css';
import './styles/controls.css';
import './styles/forms.css';
import './styles/room.css';
import './styles/stage.css';
import './styles/tile.css';
import './styles/menus.css';
import './styles/panels.css';
import './styles/devices.css';
import './styles/hands.css';
import './styles/door.css';
import './styles/people.css';
import './styles/reactions.css';
import './styles/lock.css';
import './styles/chat-toast.css';

const root = document.getElementById('app');
const model = new AppModel();
void startLanguage().then(async () => {
  if (root) {
    render(<App model={model} />, root);
  }
  await model.start();
  if (window.parent !== window) {
    const { Embedding } = await import('./model/app/embedding.ts');
    new Embedding(model).start();
  }
});
