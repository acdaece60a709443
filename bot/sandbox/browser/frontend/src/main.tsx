import "slack-blocks-to-jsx/dist/style.css";
import "./style/fonts.css";
import "./style/base.css";
import "./style/messages.css";
import "./style/blocks.css";
import "./style/box.css";
import "./style/modal.css";
import "./style/side.css";
import "./style/tour.css";
import { createRoot } from "react-dom/client";
import { App } from "./App";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
