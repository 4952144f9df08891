import { mount } from "svelte";
import "./tokens.css";
import App from "./views/App.svelte";

const target = document.getElementById("terminal");
if (target === null) throw new Error("index.html has no element #terminal");
mount(App, { target });
