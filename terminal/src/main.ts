import { mount } from "svelte";
import "./tokens.css";
import Host from "./views/Host.svelte";

const target = document.getElementById("terminal");
if (target === null) throw new Error("index.html has no element #terminal");
mount(Host, { target });
