/** Every screen and state with sample data: for looking at, never part of the program. */

import { mount } from "svelte";
import "./tokens.css";
import Gallery from "./gallery/Gallery.svelte";

const target = document.getElementById("gallery");
if (target === null) throw new Error("gallery.html has no element #gallery");
mount(Gallery, { target });
