// What pages do beyond reading: nothing here is needed to read or to send a form. No markup is ever made from text.
"use strict";

document.querySelector(".told[role=alert][tabindex]")?.focus();
