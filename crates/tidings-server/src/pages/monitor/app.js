// ../node_modules/preact/dist/preact.mjs
var n, t$1, u$2, i$1, f$2, o$2, e$1, l$1, c$1, a$2, s$1, h$1 = Symbol.for("pv"), p$1 = {}, y$1 = [], v$1 = /^m(i|n|o|s|text|space)$/, w$2 = Array.isArray, d$1 = y$1.slice, _$1 = Object.assign;
function g$1(n) {
	n && n.parentNode && n.remove();
}
function k$1(n, t, r) {
	var u, i, f, o = {}, e = arguments.length;
	for (f in t) f == "key" ? u = t[f] : f == "ref" && typeof n != "function" ? i = t[f] : o[f] = t[f];
	return e > 2 && (o.children = e > 3 ? d$1.call(arguments, 2) : r), m$1(n, o, u, i, null);
}
function m$1(r, u, i, f, o) {
	var e = {
		type: r,
		props: u,
		key: i,
		ref: f,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: h$1,
		__v: o || ++t$1,
		__i: -1,
		__u: 0
	};
	return !o && n.vnode && n.vnode(e), e;
}
function $$1(n) {
	return n.children;
}
function x$1(n, t) {
	this.props = n, this.context = t, this.__g = 0;
}
function S(n, t) {
	if (t == null) return n.__ && S(n.__, n.__i + 1);
	for (var r; t < n.__k.length; t++) if ((r = n.__k[t]) && r.__e) return r.__e;
	return typeof n.type != "function" || n.props.__P ? null : S(n);
}
function C$1(t) {
	var r, u = t.__v, i = u.__e, f = [], o = [], e = t.__P;
	e && ((r = _$1({ constructor: h$1 }, u)).__v = u.__v + 1, n.vnode && n.vnode(r), z$2(e, r, u, t.__n, e.namespaceURI, 32 & u.__u ? [i] : null, f, i || S(u), 32 & u.__u, o), r.__v = u.__v, r.__.__k[r.__i] = r, E$1(f, r, o), u.__ = u.__e = null, r.__e != i && j$1(r));
}
function j$1(n) {
	if ((n = n.__) && n.__c && !n.props.__P) return n.__e = null, n.__k.some(function(t) {
		return t && (n.__e = t.__e);
	}), j$1(n);
}
function L$1(t) {
	(8 & t.__g || (t.__g |= 8, u$2.push(t), f$2++)) && i$1 == n.debounceRendering || ((i$1 = n.debounceRendering) || queueMicrotask)(H$1);
}
function H$1() {
	try {
		for (var n, t = 1; u$2.length;) u$2.length > t && u$2.sort(o$2), n = u$2.shift(), t = u$2.length, 8 & n.__g && C$1(n);
	} finally {
		(f$2 = u$2.length) && (i$1 || queueMicrotask)(H$1);
	}
}
function I(n, t, r, u, i, f, o, e, l, c, a) {
	var s, h, v, w, d, _, g = u.__k || y$1, k = t.length;
	for (l = q(r, t, g, l, k), s = 0; s < k; s++) (v = r.__k[s]) != null && (h = ~v.__i && g[v.__i] || p$1, v.__i = s, _ = z$2(n, v, h, i, f, o, e, l, c, a), w = v.__e, (h.ref != v.ref || 8 & h.__u) && (h.ref && G$1(h.ref, null, v, h), v.ref && a.push(v.ref, v.__c || w, v)), d ||= w, 4 & v.__u ? (l = A$2(v, l, n, !h.__v), h.__e && (h.__e = null)) : typeof v.type == "function" && _ !== void 0 ? l = _ : w && (l = w.nextSibling), v.__u &= -21);
	return r.__e = d, l;
}
function q(n, t, r, u, i) {
	var f, o, e, l, c, a, s, p, y, v = r.length, d = v, _ = 0, g = 0, k = n.__k = Array(i);
	for (f = 0; f < i; f++) (o = t[f]) != null && typeof o != "boolean" && typeof o != "function" ? (typeof o != "object" || o.constructor === String ? o = k[f] = m$1(null, o) : w$2(o) ? o = k[f] = m$1($$1, { children: o }) : o.constructor === h$1 && o.__b ? o = k[f] = m$1(o.type, o.props, o.key, o.ref, o.__v) : k[f] = o, l = f + _, o.__ = n, o.__b = n.__b + 1, e = null, ~(c = o.__i = P$2(o, r, l, d)) && (d--, (e = r[c]) && (e.__u |= 2)), e && e.__v ? (o.__u |= 16, c == l - 1 ? _-- : c == l + 1 ? _++ : c != l && (c > l ? _-- : _++, g = 1)) : (~c || (i > v ? _-- : i < v && _++), typeof o.type != "function" && (o.__u |= 4))) : k[f] = null;
	if (g) {
		for (a = [], s = [], f = 0; f < i; f++) if ((o = k[f]) && 16 & o.__u) {
			for (_ = 0, p = a.length; _ < p;) a[y = _ + p >> 1] < o.__i ? _ = y + 1 : p = y;
			a[_] = o.__i, s[f] = _ + 1;
		}
		for (_ = a.length; f--;) s[f] && (s[f] == _ ? _-- : k[f].__u |= 4);
	}
	if (d) for (f = 0; f < v; f++) !(e = r[f]) || 2 & e.__u || (e.__e == u && (u = S(e)), J$1(e, e));
	return u;
}
function A$2(n, t, r, u) {
	var i, f, o, e;
	if (typeof n.type == "function") {
		if (n.props.__P) return t;
		if (i = n.__k) for (f = 0; f < i.length; f++) i[f] && (i[f].__ = n, t = A$2(i[f], t, r, !1));
		return t;
	}
	for (t && !t.parentNode && (t = S(n)) && !t.parentNode && (t = null), o = n.__e, e = t; e && e.nodeType == 8;) e = e.nextSibling;
	for (o != e && (!u && r.moveBefore && o.parentNode ? r.moveBefore(o, t) : r.insertBefore(o, t || null)), t = o; (t &&= t.nextSibling) && t.nodeType == 8 && !t.data.startsWith("$s"););
	return t;
}
function O(n, t) {
	return t ||= [], n != null && typeof n != "boolean" && (w$2(n) ? n.some(function(n) {
		O(n, t);
	}) : t.push(n)), t;
}
function P$2(n, t, r, u) {
	var i, f = n.key, o = n.type, e = t[r], l = e && !(2 & e.__u);
	if (e === null && f == null || l && f == e.key && o == e.type) return r;
	if (u > +!!l) {
		for (i = r - 1; i >= 0; i--) if ((e = t[i]) && !(2 & e.__u) && f == e.key && o == e.type) return i;
		for (i = r + 1; i < t.length; i++) if ((e = t[i]) && !(2 & e.__u) && f == e.key && o == e.type) return i;
	}
	return -1;
}
function T$2(n, t, r) {
	r ??= "", t[0] == "-" ? n.setProperty(t, r) : n[t] = r;
}
function N(n, t, r, u, i) {
	var f, o;
	if (t == "style") {
		if (typeof r == "string") n.style.cssText = r;
		else {
			if (typeof u == "string" && (n.style.cssText = u = ""), u) for (t in u) r && t in r || T$2(n.style, t);
			if (r) for (t in r) u && r[t] == u[t] || T$2(n.style, t, r[t]);
		}
	} else if (t[0] == "o" && t[1] == "n") typeof r != "function" && (r = null), typeof u != "function" && (u = null), (n.__e ||= {})[t] = r, r && u || (o = a$2[t] || (a$2[t] = V$1(t)), (n.__a ||= {})[t] = c$1, f = t != (t = t.replace(l$1, "$1")), (t = t.slice(2))[0] < "a" && (t = t.toLowerCase()), r ? n.addEventListener(t, o, f) : n.removeEventListener(t, o, f));
	else {
		if (i == "http://www.w3.org/2000/svg") t = t.replace(/xlink(H|:h)/, "h").replace(/sName$/, "s");
		else if (t != "width" && t != "height" && t != "href" && t != "list" && t != "form" && t != "tabIndex" && t != "download" && t != "rowSpan" && t != "colSpan" && t != "role" && t != "popover" && t in n) try {
			n[t] = r ?? "";
			return;
		} catch {}
		if (typeof r == "function") return;
		r == null || !1 === r && t[4] != "-" ? n.removeAttribute(t) : n.setAttribute(t, t == "popover" && r == 1 ? "" : r);
	}
}
function V$1(t) {
	return function(r) {
		var u = this.__e;
		if (u) {
			if (u = u[t], r[e$1] == null) r[e$1] = c$1++;
			else if (r[e$1] < this.__a[t]) return;
			return u(n.event ? n.event(r) : r);
		}
	};
}
function z$2(t, r, u, i, f, o, e, l, c, a) {
	var s, p, v, d, k, b, m, M, C, j, L, H, q, A, O, P, T, N, V = r.type;
	if (r.constructor !== h$1) return null;
	128 & u.__u && (c = 32 & u.__u, s = u.__c.__z) && (r.__u |= c, p = o = [], s.nodeType == 8 ? l = B$2(s, o) : o.push(s), l = o[0] || l), (s = n.__b) && s(r);
	n: if (typeof V == "function") {
		v = e.length;
		try {
			if (M = r.props, C = (s = V.prototype) && s.render, j = (s = V.contextType) && i[s.__c], L = s ? j ? j.props.value : s.__ : i, (d = u.__c) ? (r.__c = d, 2 & d.__g && (d.__g |= 1)) : (C ? r.__c = d = new V(M, L) : (r.__c = d = new x$1(M, L), d.constructor = V, d.render = K$1), j && j.sub(d), d.state || (d.state = {}), d.__n = i, d.__g |= 8, d.__h = [], d.__k = []), C && (d.__s || (d.__s = d.state), V.getDerivedStateFromProps && (d.__s == d.state && (d.__s = _$1({}, d.__s)), _$1(d.__s, V.getDerivedStateFromProps(M, d.__s)))), k = d.props, b = d.state, d.__v = r, u.__c) {
				if (M !== k && C && !V.getDerivedStateFromProps && d.componentWillReceiveProps && d.componentWillReceiveProps(M, L), r.__v == u.__v && !(8 & d.__g) || !(4 & d.__g) && d.shouldComponentUpdate && !1 === d.shouldComponentUpdate(M, d.__s, L)) {
					r.__v != u.__v && (d.props = M, d.state = d.__s, d.__g &= -9), r.__e = u.__e, r.__k = u.__k, r.__k.some(function(n) {
						n && (n.__ = r);
					}), y$1.push.apply(d.__h, d.__k), d.__k = [], d.__h.length && e.push(d), l = S(u);
					break n;
				}
				d.componentWillUpdate && d.componentWillUpdate(M, d.__s, L), C && d.componentDidUpdate && d.__h.push(function() {
					d.componentDidUpdate(k, b, m);
				});
			} else C && !V.getDerivedStateFromProps && d.componentWillMount && d.componentWillMount(), C && d.componentDidMount && d.__h.push(d.componentDidMount);
			d.context = L, d.props = M, d.__P = t, d.__g &= -5, H = n.__r, q = C ? 25 : 0;
			do
				d.__g &= -9, H && H(r), s = d.render(d.props, d.state = d.__s, d.context);
			while (8 & d.__g && ++q < 25);
			C && (y$1.push.apply(d.__h, d.__k), d.__k = []), d.state = d.__s, d.getChildContext && (i = _$1({}, i, d.getChildContext())), C && u.__c && d.getSnapshotBeforeUpdate && (m = d.getSnapshotBeforeUpdate(k, b)), A = s && s.type === $$1 && s.key == null ? s.props.children : s, M.__P && (s = l, f = (t = M.__P).namespaceURI, c = o = null, u.props && u.props.__P != t && (u.__k.some(function(n) {
				n && J$1(n, n);
			}), u.__k = null), l = u.__k ? S(u, 0) : null), l = I(t, w$2(A) ? A : [A], r, u, i, f, o, e, l, c, a), M.__P && (r.__e = null, l = s), r.__u &= -161, p && p.some(g$1), d.__h.length && e.push(d), 1 & d.__g && (d.__g &= -4);
		} catch (t) {
			if (e.length = v, r.__v = null, c || o) {
				if (t && t.then) {
					if (r.__u |= 128 | c, o) {
						for (~(T = o.indexOf(l || void 0)) || (T = o.length); (N = o[T - 1]) && N.nodeType == 8;) T--;
						for (; T < o.length; T++) if (N = o[T]) {
							if (o[T] = null, O) {
								if (N == P) break;
							} else {
								if (N.nodeType != 8) break;
								N.data.startsWith("$s") && (P = B$2(O = N));
							}
						}
					}
					if (!O) {
						for (; l && l.nodeType == 8 && l.nextSibling;) l = l.nextSibling;
						O = l;
					}
					(s = B$2(O = r.__c.__z || (r.__c.__z = O))) ? (r.__e = O, l = s) : r.__e = l, l &&= l.nextSibling;
				} else o && o.some(g$1);
			} else r.__e = u.__e;
			r.__k ||= u.__k || [], t && t.then || D$1(r), n.__e(t, r, u);
		}
	} else l = r.__e = F$1(u.__e, r, u, i, f, o, e, c, a, t);
	return (s = n.diffed) && s(r), l;
}
function B$2(n, t) {
	if (n && n.nodeType == 8 && n.data.startsWith("$s")) for (var r = 1; n = n.nextSibling;) {
		if (n.nodeType == 8) {
			if (n.data.startsWith("$s")) r++;
			else if (n.data.startsWith("/$s") && !--r) return n;
		}
		t && t.push(n);
	}
}
function D$1(n) {
	n && (n.__c && (n.__c.__g |= 4), n.__k && n.__k.some(D$1));
}
function E$1(t, r, u) {
	for (var i = 0; i < u.length;) G$1(u[i++], u[i++], u[i++]);
	n.__c && n.__c(r, t), t.some(function(r) {
		try {
			t = r.__h, r.__h = [], t.some(function(n) {
				n.call(r);
			});
		} catch (t) {
			n.__e(t, r.__v);
		}
	});
}
function F$1(t, r, u, i, f, o, e, l, c, a) {
	var s, h, y, _, k, b, m, M, $ = u.props || p$1, x = r.props, C = r.type;
	if (C == "svg" ? f = "http://www.w3.org/2000/svg" : C == "math" ? f = "http://www.w3.org/1998/Math/MathML" : f ||= "http://www.w3.org/1999/xhtml", o) {
		for (s = 0; s < o.length; s++) if ((k = o[s]) && (C ? k.localName == C : k.nodeType == 3)) {
			t = k, o[s] = null;
			break;
		}
	}
	if (!t) {
		if (M = a.ownerDocument || document, !C) return M.createTextNode(x);
		t = M.createElementNS(f, C, x.is ? x : a), l &&= (n.__m && n.__m(r, o), !1), o = null;
	}
	if (C) {
		if (a = C == "template" && t.content || t, o = C == "textarea" && x.defaultValue != null ? null : o && d$1.call(a.childNodes), !l && o) for ($ = {}, s = 0; s < t.attributes.length; s++) $[(k = t.attributes[s]).name] = k.value;
		for (s in $) k = $[s], s == "dangerouslySetInnerHTML" ? y = k : s == "children" || s in x || s == "value" && "defaultValue" in x || s == "checked" && "defaultChecked" in x || N(t, s, null, k, f);
		for (s in x) k = x[s], s == "children" ? _ = k : s == "dangerouslySetInnerHTML" ? h = k : s == "value" ? b = k : s == "checked" ? m = k : l && typeof k != "function" || $[s] === k || N(t, s, k, $[s], f);
		h ? (l || y && (h.__html == y.__html || h.__html == t.innerHTML) || (t.innerHTML = h.__html), r.__k = []) : (y && (t.textContent = ""), (C == "foreignObject" || f == "http://www.w3.org/1998/Math/MathML" && v$1.test(C)) && (f = "http://www.w3.org/1999/xhtml"), I(a, w$2(_) ? _ : [_], r, u, i, f, o, e, o ? o[0] : u.__k && S(u, 0), l, c), o && o.some(g$1)), l && C != "textarea" || (s = "value", C == "progress" && b == null ? t.removeAttribute(s) : b == null || b === t[s] && (C != "progress" || b) || N(t, s, b, $[s], f), s = "checked", m != null && m != t[s] && N(t, s, m, $[s], f));
	} else $ === x || l && t.data == x || (t.data = x);
	return t;
}
function G$1(t, r, u, i) {
	try {
		typeof t == "function" ? r ? r.__x = t(r) || 1 : (i &&= i.__c || i.__e) && (r = i.__x) && (i.__x = null, typeof r == "function" ? r() : t(null)) : t.current = r;
	} catch (t) {
		n.__e(t, u);
	}
}
function J$1(t, r, u) {
	var i, f, o, e;
	if (n.unmount && n.unmount(t), !(i = t.ref) || i.current && i.current != t.__e || G$1(i, null, r, t), i = t.__c) {
		if (i.componentWillUnmount) try {
			i.componentWillUnmount();
		} catch (t) {
			n.__e(t, r);
		}
		i.__P = i.__n = null;
	}
	if (i = t.__k) for (e = 0; e < i.length; e++) i[e] && J$1(i[e], r, typeof t.type != "function" || u && !t.props.__P);
	!u && (i = t.__c) && (i = i.__z) && (f = B$2(i, o = [])) && (i == t.__e && o.some(g$1), g$1(f), g$1(i)), u || g$1(t.__e), t.__e = t.__c = t.__ = null;
}
function K$1(n, t, r) {
	return this.constructor(n, r);
}
function Q$1(t, r) {
	var u, i, f, o;
	n.__ && n.__(t, r), r.nodeType == 9 && (r = r.documentElement), i = (u = t && 32 & t.__u) ? null : r.__k, r.__k = m$1($$1, { children: [t] }), f = [], o = [], z$2(r, r.__k, i || p$1, p$1, r.namespaceURI, i ? null : r.firstChild ? d$1.call(r.childNodes) : null, f, i ? i.__e : r.firstChild, u, o), E$1(f, r.__k, o), r.__k.props.children = null;
}
function U(n) {
	function t(n) {
		var r, u;
		return this.getChildContext || (r = new Set(), (u = {})[t.__c] = this, this.getChildContext = function() {
			return u;
		}, this.shouldComponentUpdate = function(n) {
			this.props.value != n.value && r.forEach(function(n) {
				n.__g |= 4, L$1(n);
			});
		}, this.sub = function(n) {
			r.add(n);
			var t = n.componentWillUnmount;
			n.componentWillUnmount = function() {
				r.delete(n), t && t.call(n);
			};
		}), n.children;
	}
	return t.__c = "__cC" + s$1++, t.__ = n, t.Provider = (t.Consumer = function(n, t) {
		return n.children(t);
	}).contextType = t, t;
}
n = { __e: function(n, t, r, u) {
	for (var i, o, e; t = t.__;) if ((i = t.__c) && !(1 & i.__g)) {
		i.__g |= 4;
		try {
			if ((e = (o = i.constructor) && o.getDerivedStateFromError) && i.setState(o.getDerivedStateFromError(n)), i.componentDidCatch && (i.componentDidCatch(n, u || {}), e = 1), e && 8 & i.__g) return void (i.__g |= 2);
		} catch (t) {
			n = t;
		}
	}
	throw f$2 = 0, n;
} }, t$1 = 0, x$1.prototype.setState = function(n, t) {
	var r = this.__s;
	r && r != this.state || (r = this.__s = _$1({}, this.state)), typeof n == "function" && (n = n(_$1({}, r), this.props)), n && (_$1(r, n), this.__v && (t && this.__k.push(t), L$1(this)));
}, x$1.prototype.forceUpdate = function(n) {
	this.__v && (this.__g |= 4, n && this.__h.push(n), L$1(this));
}, x$1.prototype.render = $$1, u$2 = [], f$2 = 0, o$2 = function(n, t) {
	return n.__v.__b - t.__v.__b;
}, e$1 = Symbol(), l$1 = /(PointerCapture)$|Capture$/i, c$1 = 0, a$2 = {}, s$1 = 0;
// ../node_modules/preact/hooks/dist/hooks.mjs
var t, r, u$1, i, o$1 = Object.is, f$1 = 0, c = [], e = [], a$1 = n, v = a$1.__b, l = a$1.__r, m = a$1.diffed, h = a$1.__c, s = a$1.unmount, p = a$1.__;
function y(n, t) {
	a$1.__h && a$1.__h(r, n, f$1 || t), f$1 = 0;
	var u = r.__H || (r.__H = {
		__: [],
		__h: []
	});
	return n >= u.__.length && u.__.push({}), u.__[n];
}
function d(n) {
	return f$1 = 1, _(G, n);
}
function _(n, u, i) {
	var f = y(t++, 2);
	if (f.t = n, !f.__c && (f.__ = [i ? i(u) : G(void 0, u), function(n) {
		var t = (f.__N || f.__)[0], r = f.t(t, n);
		o$1(t, r) || (f.__N = [r, f.__[1]], f.__c.setState({}));
	}], f.__c = r, !r.__f)) {
		r.__f = !0;
		var c = r.shouldComponentUpdate;
		r.shouldComponentUpdate = function(n, t, r) {
			var u = this.__H;
			if (!u) return !0;
			var i = !1, f = this.props != n;
			if (u.__.some(function(n) {
				n.__N && (i = !0, o$1(n.__[0], n.__N[0]) || (f = !0));
			}), c) {
				var e = c.call(this, n, t, r);
				return i ? e || f : e;
			}
			return !i || f;
		};
	}
	return f.__;
}
function A$1(n, u) {
	var i = y(t++, 3);
	!a$1.__s && E(i.__H, u) && (i.__P = !0, i.__ = n, i.u = u, r.__H.__h.push(i));
}
function F(n, u) {
	var i = y(t++, 4);
	!a$1.__s && E(i.__H, u) && (i.__P = !1, i.__ = n, i.u = u, r.__h.push(i));
}
function T$1(n) {
	return f$1 = 5, w$1(function() {
		return { current: n };
	}, []);
}
function w$1(n, r) {
	var u = y(t++, 7);
	return E(u.__H, r) && (u.__ = n(), u.__H = r), u.__;
}
function b(n, t) {
	return f$1 = 8, w$1(function() {
		return n;
	}, t);
}
function j(n) {
	var u = r.context[n.__c], i = y(t++, 9);
	return i.c = n, u ? (i.__ ?? (i.__ = !0, u.sub(r)), u.props.value) : n.__;
}
function P$1() {
	var n = y(t++, 11);
	if (!n.__) {
		for (var u = r.__v; !u.__m && u.__;) u = u.__;
		var i = u.__m || (u.__m = [0, 0]);
		n.__ = "P" + i[0] + "-" + i[1]++;
	}
	return n.__;
}
function g() {
	var n;
	do {
		for (; n = e.shift();) try {
			C(n);
		} catch (t) {
			a$1.__e(t, { __: (n = n.__P) && n.__v });
		}
		for (; n = c.shift();) {
			var t = n.__H;
			if (n.__P && t) try {
				t.__h.some(C), t.__h.some(D), t.__h = [];
			} catch (r) {
				t.__h = [], a$1.__e(r, n.__v);
			}
		}
	} while (e.length);
}
a$1.__b = function(n) {
	r = null, v && v(n);
}, a$1.__ = function(n, t) {
	n && t.__k && t.__k.__m && (n.__m = t.__k.__m), p && p(n, t);
}, a$1.__r = function(n) {
	l && l(n), t = 0;
	var i = (r = n.__c).__H;
	i && (u$1 == r ? r.__h = [] : (i.__h.some(C), i.__h.some(D), t = 0), i.__h = [], i.__.some(function(n) {
		n.__N && (n.__ = n.__N), n.u = n.__N = void 0;
	})), u$1 = r;
}, a$1.diffed = function(n) {
	m && m(n);
	var t = n.__c;
	t && t.__H && (t.__H.__h.length && B$1(c.push(t)), t.__H.__.some(function(n) {
		n.u && (n.__H = n.u);
	})), u$1 = r = null;
}, a$1.__c = function(n, t) {
	t.some(function(n) {
		try {
			n.__h.some(C), n.__h = n.__h.filter(function(n) {
				return !n.__ || D(n);
			});
		} catch (t) {
			n.__h = [function() {
				throw t;
			}];
		}
	}), h && h(n, t);
}, a$1.unmount = function(n) {
	s && s(n);
	var t, r, u = n.__c;
	u && u.__H && (u.__H.__.some(function(u) {
		try {
			if (u.__P && u.__c) {
				if (r === void 0) {
					for (r = n.__; r && (!r.__c || !r.__c.__P);) r = r.__;
					r &&= r.__c;
				}
				u.__P = r, B$1(e.push(u));
			} else C(u);
		} catch (n) {
			t = n;
		}
	}), u.__H = void 0, t && a$1.__e(t, u.__v));
};
var k = typeof requestAnimationFrame == "function";
function z$1(n) {
	var t, r = function() {
		clearTimeout(u), k && cancelAnimationFrame(t), setTimeout(n);
	}, u = setTimeout(r, 35);
	k && (t = requestAnimationFrame(r));
}
function B$1(n) {
	n != 1 && i == a$1.requestAnimationFrame || ((i = a$1.requestAnimationFrame) || z$1)(g);
}
function C(n) {
	var t = r, u = n.__c;
	typeof u == "function" && (n.__c = void 0, u()), r = t;
}
function D(n) {
	var t = r;
	n.__c = n.__(), r = t;
}
function E(n, t) {
	return !n || n.length != t.length || t.some(function(t, r) {
		return !o$1(t, n[r]);
	});
}
function G(n, t) {
	return typeof t == "function" ? t(n) : t;
}
// src/clock.ts
var Now = U(0), useNow = () => j(Now), aheadMs = 0;
function heard(time) {
	let measured = time - Date.now();
	Math.abs(measured - aheadMs) > 500 && (aheadMs = measured);
}
var hubNow = () => Date.now() + aheadMs;
function Clock({ children }) {
	let [now, setNow] = d(hubNow);
	return A$1(() => {
		let timer = setInterval(() => setNow(hubNow()), 1e3);
		return () => clearInterval(timer);
	}, []), k$1(Now.Provider, {
		value: now,
		children
	});
}
// src/format.ts
var NUMBER = new Intl.NumberFormat("en"), NONE = "–";
function count(number) {
	return number == null || !Number.isFinite(number) ? NONE : NUMBER.format(number);
}
function plural(number, one, many = `${one}s`) {
	return `${count(number)} ${number === 1 ? one : many}`;
}
function rate(perSecond) {
	return Number.isFinite(perSecond) ? perSecond >= 100 ? count(Math.round(perSecond)) : String(Math.round(perSecond * 10) / 10) : NONE;
}
var UNITS = [
	"B",
	"KiB",
	"MiB",
	"GiB",
	"TiB"
];
function bytes(number) {
	if (number == null || !Number.isFinite(number)) return NONE;
	let [value, unit] = [number, 0];
	for (; Math.round(value * 10) / 10 >= 1024 && unit < UNITS.length - 1;) value /= 1024, unit += 1;
	return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
function duration(ms) {
	if (ms == null || !Number.isFinite(ms) || ms < 0) return NONE;
	if (ms < 1e3) return `${Math.round(ms)} ms`;
	let seconds = Math.floor(ms / 1e3);
	return seconds < 60 ? `${seconds} s` : seconds < 3600 ? `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s` : seconds < 86400 ? `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds % 3600 / 60))} min` : `${Math.floor(seconds / 86400)} d ${two(Math.floor(seconds % 86400 / 3600))} h`;
}
function relative(at, now) {
	if (at == null || !Number.isFinite(at)) return NONE;
	let age = now - at;
	if (Math.abs(age) < 1e3) return "now";
	let words = duration(Math.abs(age)).split(" ").slice(0, 2).join(" ");
	return age > 0 ? `${words} ago` : `in ${words}`;
}
function clock(at, now) {
	if (at == null || !Number.isFinite(at)) return NONE;
	let moment = new Date(at);
	return moment.toDateString() === new Date(now).toDateString() ? time(moment) : `${day(moment)} ${time(moment)}`;
}
function exact(at) {
	let moment = new Date(at);
	return `${day(moment)} ${time(moment)}.${String(moment.getMilliseconds()).padStart(3, "0")}`;
}
function day(moment) {
	return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}
function time(moment) {
	return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}
function two(number) {
	return String(number).padStart(2, "0");
}
// ../clients/js/src/backoff.ts
var QUICK = {
	firstMs: 1e3,
	maxMs: 16e3,
	stableMs: 1e4,
	attemptsMax: Infinity
};
function waitMs(backoff, failures, random) {
	let step = Math.min(backoff.firstMs * 2 ** (failures - 1), backoff.maxMs);
	return step / 2 + step / 2 * random;
}
// ../clients/js/src/failure.ts
var HINT_MS_MAX = 36e5, Failure = class extends Error {
	error;
	hintMs;
	constructor(code, message, { hintMs = 0, ...rest } = {}) {
		super(message), this.error = {
			code,
			message,
			fatal: !1,
			...rest
		}, this.hintMs = Math.min(Math.max(hintMs, 0) || 0, HINT_MS_MAX);
	}
}, PASSING = [
	408,
	425,
	429
];
async function refused(response) {
	return fromProblem(await response.json().catch(() => null), response.status, response.headers.get("Retry-After"));
}
function fromProblem(problem, status, retryAfter = null) {
	let { title, detail = title, limit, held_by: heldBy, retry_after = Number(retryAfter), retry_after_ms = retry_after * 1e3 } = problem ?? {};
	return new Failure("http", detail ? `${status}: ${detail}` : `the hub answered ${status}`, {
		status,
		limit,
		heldBy,
		fatal: status < 500 && !PASSING.includes(status),
		hintMs: retry_after_ms || Date.parse(retryAfter ?? "") - Date.now()
	});
}
// ../clients/js/src/status.ts
var IDLE = {
	status: "idle",
	role: "solo",
	attempt: 0,
	retryAt: null,
	error: null,
	connection: null,
	channels: Object.create(null)
};
function statuses(names, of) {
	let all = Object.create(null);
	for (let name of [...names].sort()) all[name] = of(name);
	return all;
}
function store(report) {
	let snapshot = IDLE, listeners = new Set();
	return {
		getSnapshot: () => snapshot,
		subscribe: (changed) => {
			let listener = () => changed();
			return listeners.add(listener), () => listeners.delete(listener);
		},
		set: (next) => {
			same(snapshot, next) || (snapshot = Object.freeze(next), each(listeners, report, (listener) => listener()));
		}
	};
}
function each(all, report, call) {
	for (let one of [...all]) try {
		all.has(one) && call(one);
	} catch (error) {
		report(error);
	}
}
var same = (one, other) => JSON.stringify(one) === JSON.stringify(other), ASK_AGAIN_MS = 1e3, ASK_AGAIN_MS_MAX = 16e3;
function liveChannels({ timer }, { desired, ask, gone, changed }) {
	let id = null, active = new Set(), denied = new Map(), asked = new Set(), leaving = new Set(), most = Infinity, busy = !1, singly = !1, againMs = ASK_AGAIN_MS, cancel = () => {}, sync = () => {
		if (id === null || busy) return;
		let wanted = desired();
		for (let channel of denied.keys()) wanted.has(channel) || denied.delete(channel);
		let remove = [...asked].filter((channel) => active.has(channel) && !wanted.has(channel)), room = remove.length > 0 ? 0 : Math.max(most - active.size, 0), add = [...wanted].filter((channel) => !active.has(channel) && !denied.has(channel)).slice(0, room);
		busy = add.length + remove.length > 0, busy ? change({
			connection_id: id,
			add: singly ? add.slice(0, 1) : add,
			remove
		}) : singly = !1, changed();
	}, next = () => {
		busy = !1, sync();
	}, change = async (what) => {
		let { add, remove } = what;
		for (let channel of add) asked.add(channel);
		for (let channel of remove) leaving.add(channel);
		let { status, channels, limit } = await ask(what).catch(() => ({ status: 0 }));
		if (id === what.connection_id) {
			if (status === 200 && channels) {
				againMs = ASK_AGAIN_MS, active = new Set(channels);
				for (let channel of remove) asked.delete(channel);
				return next();
			}
			if (status === 404) return gone();
			if (status >= 400 && status < 500 && ![401, ...PASSING].includes(status)) return no(add, remove, limit);
			cancel = timer(next, againMs), againMs = Math.min(againMs * 2, ASK_AGAIN_MS_MAX);
		}
	}, no = (add, remove, limit) => {
		if (add.length > 1) singly = !tooMany(limit);
		else if (!tooMany(limit)) for (let channel of add) denied.set(channel, "refused");
		for (let channel of remove) asked.delete(channel), leaving.delete(channel);
		next();
	}, tooMany = (limit = Infinity) => {
		let news = limit > 0 && limit < most;
		return news && (most = limit), news;
	};
	return {
		dialled: (requested) => {
			asked = requested;
			for (let [channel, why] of denied) why === "refused" ? asked.delete(channel) : denied.delete(channel);
			for (let channel of [...asked].slice(most)) asked.delete(channel);
		},
		began: (connectionId, channels) => {
			id = connectionId, active = new Set(channels);
			for (let channel of asked) active.has(channel) || denied.set(channel, "taken");
			for (let channel of active) denied.delete(channel);
			sync();
		},
		ended: () => {
			id = null, active.clear(), leaving.clear(), busy = singly = !1, againMs = ASK_AGAIN_MS, cancel();
		},
		refused: (message, limit) => {
			if (tooMany(limit)) return !0;
			let named = [...asked].filter((channel) => message.includes(`\`${channel}\``));
			for (let channel of named) denied.set(channel, "refused");
			return named.length > 0 && named.length < asked.size;
		},
		forgive: () => {
			denied.clear(), most = Infinity;
		},
		told: (type, channels) => {
			for (let channel of channels) type === "subscribed" ? (active.add(channel), denied.delete(channel)) : (active.delete(channel), leaving.delete(channel) || denied.set(channel, "taken"));
			sync(), changed();
		},
		active: () => active,
		status: () => statuses(desired(), (channel) => denied.has(channel) ? "denied" : active.has(channel) ? "active" : active.size >= most ? "denied" : "pending"),
		sync
	};
}
// ../clients/js/src/identity.ts
var KEY = "tidings:client", clients = 0, Identity = class {
	#platform;
	#id;
	#slot = "";
	#unlock = null;
	constructor(platform, given = "") {
		this.#platform = given ? {} : platform, this.#id = given;
	}
	async get() {
		let { storage, locks } = this.#platform;
		return storage && locks && !this.#unlock && (this.#slot ||= `${KEY}:${clients++}`, this.#id ||= attempt(() => storage.getItem(this.#slot)) ?? "", this.#id && await this.#lock(locks) || (this.#id = made(), await this.#lock(locks)), attempt(() => storage.setItem(this.#slot, this.#id))), this.#id ||= made(), this.#id;
	}
	release() {
		this.#unlock?.(), this.#unlock = null;
	}
	#lock(locks) {
		return new Promise((resolve) => {
			locks.request(`${KEY}:${this.#id}`, { ifAvailable: !0 }, (lock) => (resolve(lock !== null), lock && new Promise((unlock) => {
				this.#unlock = unlock;
			}))).catch(() => resolve(!0));
		});
	}
}, made = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
function attempt(call) {
	try {
		return call();
	} catch {
		return null;
	}
}
// ../clients/js/src/machine.ts
var START = {
	status: "idle",
	drive: "rest",
	dial: 0,
	attempt: 0,
	retryAt: null,
	notBefore: 0,
	openedAt: null,
	wanted: !1,
	refreshed: !1,
	error: null
};
function next(state, input, rules) {
	let { status, drive, wanted } = state;
	if (status === "closed") return state;
	switch (input) {
		case "close": return {
			...atRest(state, "closed"),
			wanted: !1
		};
		case "want": return status === "idle" ? begun({
			...state,
			wanted: !0
		}, rules, "connecting") : {
			...state,
			wanted: !0
		};
		case "unwant": return {
			...atRest(state, status === "suspended" ? status : "idle"),
			wanted: !1
		};
		case "suspend": return drive === "rest" ? state : {
			...atRest(state, "suspended"),
			attempt: state.attempt
		};
		case "resume": return status === "suspended" ? wanted ? begun(state, rules, "reconnecting") : atRest(state, "idle") : state;
		case "reconnect": return drive !== "wait" && (status !== "failed" || !wanted) ? state : dialled({
			...state,
			attempt: 0,
			notBefore: 0
		}, "reconnecting");
		case "due": return drive === "wait" ? dialled(state) : state;
		case "nudge": return drive === "wait" ? begun(state, rules) : state;
		case "again": return drive === "dial" ? dialled(state) : state;
		case "opened": return drive !== "dial" || state.openedAt !== null ? state : {
			...state,
			status: "connected",
			openedAt: rules.now,
			notBefore: 0,
			refreshed: !1,
			error: null
		};
		default: return drive === "dial" ? lost(state, input, rules) : state;
	}
}
function lost(state, { error, hintMs, curable }, { now, random, backoff }) {
	if (curable && !state.refreshed) return {
		...dialled(state),
		refreshed: !0,
		error
	};
	let notBefore = now + hintMs;
	if (error.fatal) return {
		...atRest(state, "failed"),
		attempt: state.attempt + 1,
		notBefore,
		error
	};
	let attempt = (state.openedAt !== null && now - state.openedAt >= backoff.stableMs ? 0 : state.attempt) + 1;
	return {
		...atRest(state, attempt > backoff.attemptsMax ? "failed" : "reconnecting"),
		drive: "wait",
		attempt,
		retryAt: Math.max(now + waitMs(backoff, attempt, random), notBefore),
		notBefore,
		error
	};
}
function begun(state, { now }, status = state.status) {
	let { notBefore } = state;
	return now < notBefore ? {
		...state,
		status,
		drive: "wait",
		retryAt: notBefore
	} : dialled(state, status);
}
function dialled(state, status = state.openedAt === null ? state.status : "reconnecting") {
	return {
		...state,
		status,
		drive: "dial",
		dial: state.dial + 1,
		retryAt: null,
		openedAt: null
	};
}
function atRest({ dial, wanted, notBefore }, status) {
	return {
		...START,
		status,
		dial,
		wanted,
		notBefore
	};
}
// ../clients/js/src/requests.ts
var STREAM_HEADERS = {
	Accept: "text/event-stream",
	"Tidings-Client": "js/0.1.0"
}, Requests = class {
	reason = "connect";
	#settings;
	constructor(settings) {
		this.#settings = settings;
	}
	at(what) {
		return `${this.#settings.url}/api/sse/${what}`;
	}
	streamUrl(clientId, channels, cursor) {
		let { type, leaseSeconds, channels: wish } = this.#settings, query = new URLSearchParams({
			envelope: "1",
			client_id: clientId,
			...wish !== "granted" && { channels: [...channels].join(",") },
			...type && { type },
			...leaseSeconds && { lease: String(leaseSeconds) },
			...cursor && { last_event_id: cursor }
		});
		return `${this.at("stream")}?${query}`;
	}
	async headers(signal) {
		let { reason } = this;
		this.reason = "connect";
		try {
			let token = await this.#settings.token?.({
				reason,
				signal
			});
			return token ? { Authorization: `Bearer ${token}` } : {};
		} catch (error) {
			throw new Failure("token", `no token: ${error}`);
		}
	}
	async fetch(url, init) {
		let { platform, credentials } = this.#settings;
		if (!platform.fetch) throw new Failure("unsupported", "there is no fetch", { fatal: !0 });
		return platform.fetch(url, {
			credentials,
			...init
		});
	}
	async send(what, init = {}, again = !0) {
		let token = await this.headers(init.signal ?? new AbortController().signal), headers = {
			...Object.fromEntries(new Headers(init.headers)),
			...token
		}, answer = await this.fetch(this.at(what), {
			...init,
			headers
		});
		return answer.status !== 401 || !again || !this.#settings.token || init.body instanceof ReadableStream ? answer : (this.reason = "unauthorized", this.send(what, init, !1));
	}
}, TIMER_MS_MAX = 2 ** 31 - 1;
function watch({ now, timer }, silent, checkIn) {
	let limit, heardAt, checkInEach, checkInAt, cancel = null, renew = () => {
		now() < checkInAt || (checkInAt = now() + checkInEach, checkIn());
	}, arm = () => {
		cancel?.(), cancel = timer(look, Math.min(heardAt + limit - now(), checkInAt - now(), TIMER_MS_MAX));
	}, look = () => {
		if (cancel) {
			if (now() - heardAt >= limit) return silent();
			renew(), arm();
		}
	};
	return {
		start: (limitMs, checkInMs = Infinity) => {
			limit = limitMs, checkInEach = checkInMs, heardAt = now(), checkInAt = heardAt + checkInMs, arm();
		},
		stop: () => {
			cancel?.(), cancel = null;
		},
		heard: () => {
			cancel && (heardAt = now(), renew());
		},
		look
	};
}
// ../clients/js/src/connection.ts
var wants = ({ channels }, { desired }) => channels === "granted" || desired().size > 0, SILENT_HEARTBEATS = 2.5, Connection = class {
	#settings;
	#hooks;
	#identity;
	#channels;
	#watch;
	#requests;
	#state = START;
	#abort = new AbortController();
	#cancelRetry = null;
	#retryAt = null;
	#cursor;
	#connectionId = "";
	#info = null;
	#leave;
	constructor(settings, hooks) {
		let { platform } = settings;
		this.#settings = settings, this.#hooks = hooks, this.#cursor = settings.since, this.#requests = new Requests(settings), this.#identity = new Identity(platform, settings.clientId);
		let silent = () => this.#over(new Failure("timeout", "silent for too long"));
		this.#watch = watch(platform, silent, () => void this.#checkIn()), this.#channels = liveChannels(platform, {
			...hooks,
			...settings.channels === "granted" && { desired: () => new Set(this.#channels.active()) },
			ask: (change) => this.#change(change),
			gone: () => this.#gone()
		});
	}
	get cursor() {
		return this.#cursor;
	}
	apply() {
		this.#input(wants(this.#settings, this.#hooks) ? "want" : "unwant"), this.#channels.sync();
	}
	reconnect() {
		this.#input("reconnect");
	}
	close() {
		this.#input("close");
	}
	rewind(cursor) {
		this.#cursor = cursor, this.#input("again");
	}
	snapshot() {
		let { status, attempt, error } = this.#state, channels = this.#channels.status();
		return {
			status,
			role: "solo",
			attempt,
			retryAt: this.#retryAt,
			error,
			connection: this.#info,
			channels
		};
	}
	#input(input) {
		let before = this.#state, { platform, backoff } = this.#settings;
		this.#state = next(before, input, {
			now: platform.now(),
			random: platform.random(),
			backoff
		}), this.#state !== before && (input === "reconnect" && this.#channels.forgive(), this.#follow(before), this.#hooks.changed());
	}
	#follow(before) {
		let { drive, dial, retryAt, status } = this.#state, dials = drive === "dial" && dial !== before.dial;
		before.drive === "dial" && (drive !== "dial" || dials) && this.#hangUp(), retryAt !== before.retryAt && this.#wait(retryAt), drive === "rest" && this.#identity.release(), before.status === "idle" && (this.#leave = this.#settings.platform.lifecycle({
			suspend: () => this.#input("suspend"),
			resume: () => this.#input("resume"),
			nudge: () => {
				this.#watch.look(), this.#input("nudge");
			}
		})), (status === "idle" || status === "closed") && (this.#cursor = this.#settings.since, this.#leave?.()), dials && this.#dial();
	}
	#wait(until) {
		let { platform } = this.#settings;
		if (this.#cancelRetry?.(), this.#retryAt = null, until === null) return;
		let inMs = until - platform.now();
		this.#retryAt = Math.round(Date.now() + inMs), this.#cancelRetry = platform.timer(() => this.#input("due"), inMs);
	}
	#hangUp() {
		let { drive, status } = this.#state;
		this.#watch.stop(), this.#channels.ended(), drive === "rest" && status !== "failed" && this.#connectionId && this.#settings.platform.beacon(this.#requests.at("disconnect"), this.#connectionId), this.#connectionId = "", this.#info = null, this.#abort.abort();
	}
	async #dial() {
		let { transport, credentials, connectTimeoutMs } = this.#settings;
		this.#abort = new AbortController();
		let { signal } = this.#abort;
		this.#watch.start(connectTimeoutMs);
		try {
			let headers = {
				...STREAM_HEADERS,
				...await this.#requests.headers(signal)
			};
			if (signal.aborted) return;
			let clientId = await this.#identity.get();
			if (signal.aborted) return void (this.#state.drive === "rest" && this.#identity.release());
			let requested = this.#hooks.desired();
			throw this.#channels.dialled(requested), await transport({
				url: this.#requests.streamUrl(clientId, requested, this.#cursor),
				headers,
				credentials,
				signal,
				fetch: (url, init) => this.#requests.fetch(url, init),
				heard: () => this.#info && this.#watch.heard(),
				message: (message) => !signal.aborted && this.#message(message)
			}), new Failure("network", "the stream ended");
		} catch (error) {
			if (signal.aborted) return;
			this.#over(error instanceof Failure ? error : new Failure("network", `no stream: ${error}`));
		}
	}
	#over({ error, hintMs }) {
		let { status, message, limit } = error, curable = status === 401 && !!this.#settings.token;
		if (curable && (this.#requests.reason = "unauthorized"), (status === 403 || status === 400) && this.#channels.refused(message, limit)) return this.#input("again");
		this.#input({
			error,
			hintMs,
			curable
		});
	}
	#gone() {
		this.#over(new Failure("lease", "no such stream"));
	}
	#message({ type, data, id }) {
		id !== void 0 && (this.#cursor = id || null);
		try {
			this.#take(type, JSON.parse(data), id);
		} catch {
			let { onMalformed, platform } = this.#settings;
			each(new Set([onMalformed]), platform.report, (told) => told(data));
		}
	}
	#take(type, data, id) {
		switch (type) {
			case "connected": return this.#connected(data);
			case "gap": return this.#hooks.gap({
				channel: String(data.channel),
				reason: data.reason
			});
			case "subscribed":
			case "unsubscribed": return this.#channels.told(type, data.channels);
			case "closing": {
				let message = `the hub ended the stream: ${data.reason}${data.detail ? ` (${data.detail})` : ""}`, more = {
					reason: data.reason,
					fatal: data.reconnect === !1,
					hintMs: Number(data.retry_ms)
				};
				return data.reason === "expired" && (this.#requests.reason = "expiring"), this.#over(new Failure("closing", message, more));
			}
			case "refused": return this.#over(fromProblem(data, Number(data.status)));
			case "expiring":
				this.#requests.reason = "expiring", this.#post("refresh", this.#connectionId).catch(() => {});
				return;
			default:
				if (typeof data.channel != "string") throw TypeError();
				this.#hooks.event({
					...data,
					type: data.type ?? type
				}, id);
		}
	}
	#connected(data) {
		if (!(data.heartbeat_ms > 0) || !Array.isArray(data.channels)) throw TypeError();
		this.#connectionId = data.connection_id, this.#info = {
			id: data.id,
			user: data.user,
			node: data.node
		};
		let silentMs = this.#settings.transport.deaf ? Infinity : data.heartbeat_ms * SILENT_HEARTBEATS;
		this.#watch.start(silentMs, data.lease * 1e3 / 3 || Infinity), this.#channels.began(data.connection_id, data.channels), this.#input("opened");
	}
	async #checkIn() {
		let { signal } = this.#abort;
		(await this.#requests.fetch(this.#requests.at("alive"), {
			method: "POST",
			body: this.#connectionId,
			signal
		}).catch(() => null))?.status === 404 && !signal.aborted && this.#gone();
	}
	async #change(change) {
		let answer = await this.#post("subscriptions", JSON.stringify(change));
		return {
			...await answer.json().catch(() => null),
			status: answer.status
		};
	}
	#post(what, body) {
		return this.#requests.send(what, {
			method: "POST",
			body,
			signal: this.#abort.signal
		});
	}
};
// ../clients/js/src/iterator.ts
function looped(max, overflow, begin) {
	let waiting = [], ended = !1, wake = () => {}, leave = begin((value) => {
		waiting.push(value) > max && (waiting.shift(), overflow()), wake();
	}, () => {
		ended = !0, wake();
	}), loop = (async function* () {
		for (;;) {
			for (; waiting.length > 0;) yield waiting.shift();
			if (ended) return;
			await new Promise((resolve) => {
				wake = resolve;
			});
		}
	})();
	for (let way of ["return", "throw"]) {
		let stop = loop[way];
		loop[way] = (value) => (waiting.length = 0, leave(), stop.call(loop, value));
	}
	return loop;
}
// ../clients/js/src/platform.ts
function platform() {
	return {
		fetch: globalThis.fetch && ((...args) => fetch(...args)),
		now: () => performance.now(),
		random: Math.random,
		timer: (call, ms) => {
			let timer = setTimeout(call, ms);
			return () => clearTimeout(timer);
		},
		beacon,
		lifecycle,
		storage: sessionStore(),
		locks: globalThis.navigator?.locks,
		report: (error) => (globalThis.reportError ?? console.error)(error)
	};
}
function beacon(url, body) {
	try {
		if (globalThis.navigator?.sendBeacon?.(url, body)) return;
		fetch(url, {
			method: "POST",
			body,
			keepalive: !0
		}).catch(() => {});
	} catch {}
}
function lifecycle({ suspend, resume, nudge }) {
	let end = new AbortController(), on = (target, type, call) => target.addEventListener(type, call, { signal: end.signal });
	return typeof document < "u" && (on(globalThis, "pagehide", suspend), on(globalThis, "pageshow", resume), on(document, "freeze", suspend), on(document, "resume", resume), on(globalThis, "online", nudge), on(document, "visibilitychange", () => document.visibilityState === "visible" && nudge())), () => end.abort();
}
function sessionStore() {
	try {
		return globalThis.sessionStorage;
	} catch {
		return;
	}
}
// ../clients/js/src/parse.ts
var EVENT_CHARS_MAX = 16777216;
function parser(take, field) {
	let held = [], chars = 0, cut = !1, data, id, type = "", line = (text) => {
		text === "" && (take({
			type: type || "message",
			data,
			id
		}), data = id = void 0, type = "", chars = 0);
		let [name, value = ""] = text.split(/: ?(.*)/s);
		name === "data" && (data = data === void 0 ? value : `${data}\n${value}`), name === "event" && (type = value), name === "id" && !value.includes("\0") && (id = value), field?.(name, value);
	};
	return (piece) => {
		let rest = cut && piece.startsWith("\n") ? piece.slice(1) : piece;
		if (piece !== "" && (cut = piece.endsWith("\r")), chars += rest.length, chars > EVENT_CHARS_MAX) throw RangeError("an event is too long");
		if (held.push(rest), !/[\r\n]/.test(rest)) return;
		let lines = held.join("").split(/\r\n|\r|\n/);
		held = [lines.pop() ?? ""], lines.forEach(line);
	};
}
// ../clients/js/src/transport.ts
var byFetch = async ({ url, headers, signal, fetch, heard, message }) => {
	let response = await fetch(url, {
		headers,
		signal,
		cache: "no-store"
	});
	if (heard(), response.status !== 200) throw await refused(response);
	if (!/^text\/event-stream\b/i.test(response.headers.get("Content-Type") ?? "")) throw new Failure("protocol", `${response.url} is no event stream: is \`url\` a hub?`);
	let reader = response.body?.getReader();
	if (!reader) throw new Failure("unsupported", "this fetch has no streams: use `byEventSource`", { fatal: !0 });
	let decoder = new TextDecoder(), parse = parser((block) => block.data !== void 0 && message(block));
	for (;;) {
		let { done, value } = await reader.read();
		if (done) return;
		heard(), parse(decoder.decode(value, { stream: !0 }));
	}
};
// ../clients/js/src/options.ts
function settle(options) {
	let settings = {
		credentials: "same-origin",
		since: null,
		connectTimeoutMs: 2e4,
		lingerMs: 250,
		leaseSeconds: 90,
		onMalformed: (raw) => console.warn("tidings: passed over an event:", raw),
		transport: byFetch,
		share: (settings, hooks, open) => open(settings, hooks),
		...Object.fromEntries(Object.entries(options).filter(([, given]) => given !== void 0)),
		url: options.url.replace(/\/+$/, ""),
		backoff: {
			...QUICK,
			...options.backoff
		},
		platform: {
			...platform(),
			...options.platform
		}
	}, { leaseSeconds } = settings;
	if (leaseSeconds !== 0 && !(leaseSeconds >= 3 && leaseSeconds <= 3600 && leaseSeconds % 1 == 0)) throw RangeError("leaseSeconds: give 0, or a whole number from 3 to 3600");
	let { firstMs, maxMs } = settings.backoff;
	if (!(firstMs > 0 && maxMs >= firstMs)) throw RangeError("backoff: give firstMs above 0, and maxMs not below it");
	return settings;
}
// ../clients/js/src/pattern.ts
function matcher(selector) {
	if (!selector.includes("*")) return (name) => name === selector;
	let text = selector.replace(/[\\^$.|?+()[{]/g, "\\$&").replace(/\*(?!$)/g, "[^:/.]+").replace("*", ".*"), expression = RegExp(`^${text}$`, "s");
	return (name) => !name.startsWith("$hub/") && expression.test(name);
}
var matches = (selector, name) => matcher(selector)(name);
function concerns(lost, selector) {
	return matches(selector, lost) || matches(lost, selector) || overlap(lost, selector);
}
var canonical = (selector) => selector === "all" ? "*" : selector;
function overlap(one, other) {
	let [a = "", ...more] = one.split("*"), [b = "", ...others] = other.split("*");
	return more.length > 0 && others.length > 0 && (a.startsWith(b) || b.startsWith(a));
}
// ../clients/js/src/subscriptions.ts
function subscriptions(changed, report) {
	let all = new Set();
	return {
		add: (subscriber, signal) => {
			let off = () => {
				all.delete(own) && (signal?.removeEventListener("abort", off), own.end?.(), changed());
			}, channel = canonical(subscriber.channel), own = {
				...subscriber,
				channel,
				has: matcher(channel),
				off
			};
			return all.add(own), signal?.addEventListener("abort", off), changed(), off;
		},
		clear: () => {
			for (let { off } of all) off();
		},
		wanted: () => [...all].map(({ channel }) => channel),
		event: (event) => each(all, report, (one) => one.has(event.channel) && one.event(event)),
		gap: (gap) => each(all, report, (one) => concerns(gap.channel, one.channel) && one.gap?.(gap))
	};
}
// ../clients/js/src/client.ts
function createClient(options) {
	let settings = settle(options), { platform, lingerMs } = settings, granted = settings.channels === "granted", always = granted ? [] : (options.channels ?? []).map(canonical), desired = new Map(), flushing = !1, cancelLinger = () => {}, closed = !1, changed = () => {
		if (closed) return;
		let now = platform.now();
		for (let [channel, until] of desired) until > now ? desired.set(channel, Math.min(until, now + lingerMs)) : desired.delete(channel);
		for (let channel of [...always, ...subscribers.wanted()]) desired.set(channel, Infinity);
		cancelLinger();
		let first = Math.min(...desired.values());
		first < Infinity && (cancelLinger = platform.timer(changed, first - now)), flushing || (flushing = !0, queueMicrotask(flush));
	}, flush = () => {
		flushing = !1, closed || (link.apply(), publish());
	}, publish = () => status.set(link.snapshot()), listen = (subscriber, signal) => {
		if (closed) throw Error("this client is closed: make another");
		return signal?.aborted ? (subscriber.end?.(), () => {}) : subscribers.add(subscriber, signal);
	}, status = store(platform.report), subscribers = subscriptions(changed, platform.report), requests = new Requests(settings), hooks = {
		...subscribers,
		desired: () => new Set(granted ? [] : desired.keys()),
		changed: publish
	}, link = settings.share(settings, hooks, (its, own) => new Connection(its, own));
	settings.channels && changed();
	let client = {
		status,
		subscribe: (channel, event, { onGap: gap, signal } = {}) => listen({
			channel,
			event,
			gap
		}, signal),
		on: (channel, type, listener, more) => client.subscribe(channel, (event) => event.type === type && listener(event), more),
		events: (channel, { bufferMax = 1e3, onGap: gap, signal } = {}) => looped(bufferMax, () => gap?.({
			channel,
			reason: "overflow"
		}), (event, end) => listen({
			channel,
			event,
			gap,
			end
		}, signal)),
		request: (path, init) => requests.send(path, init),
		reconnect: () => link.reconnect(),
		close: () => {
			closed = !0, subscribers.clear(), cancelLinger(), desired.clear(), link.close();
		}
	};
	return client;
}
// ../node_modules/preact/compat/dist/compat.mjs
var w = Object.assign;
function R(n, t) {
	for (var e in n) if (e != "__source" && n[e] !== t[e]) return !0;
	for (var r in t) if (r != "__source" && !(r in n)) return !0;
	return !1;
}
var x = /^(-|f[lo].*[^se]$|g.{5,}[^ps]$|z|o[pr]|(W.{5})?[lL]i.*(t|mp)$|an|(bo|s).{4}Im|sca|m.{6}[ds]|ta|c.*[st]$|wido|ini|asp|fill|st)/, L = F;
function A(n, t) {
	function r(n) {
		var e = this.props.ref;
		return e != n.ref && e && (typeof e == "function" ? e(null) : e.current = null), t ? !t(this.props, n) || e != n.ref : R(this.props, n);
	}
	function u(t) {
		return this.shouldComponentUpdate = r, k$1(n, t);
	}
	return u.displayName = "Memo(" + (n.displayName || n.name) + ")", u.prototype.isReactComponent = !0, u.type = n, u;
}
var T, W, P = Symbol.for("react.element"), $ = /^(?:accent|alignment|arabic|baseline|cap|clip(?!PathU)|color|dominant|fill|flood|font|glyph(?!R)|horiz|image(?!S)|letter|lighting|marker(?!H|W|U)|overline|paint|pointer|shape|stop|strikethrough|stroke|text(?!L)|transform|underline|unicode|units|v|vector|vert|word|writing|x(?!C))[A-Z]/, z = /[A-Z0-9]/g, H = typeof document < "u", Z = X(function(n$2, t, e) {
	var r = n.__s || T ? (e || t)() : t(), i = d({ t: {
		__: r,
		u: t
	} }), o = i[0].t, f = i[1];
	return F(function() {
		o.__ = r, o.u = t, B(o) && f({ t: o });
	}, [
		n$2,
		r,
		t
	]), A$1(function() {
		return B(o) && f({ t: o }), n$2(function() {
			B(o) && f({ t: o });
		});
	}, [n$2]), r;
});
function B(n) {
	try {
		return !Object.is(n.__, n.u());
	} catch {
		return !0;
	}
}
var Y = function(n) {
	return /fil|che|rad/.test(n);
};
x$1.prototype.isReactComponent = !0, [
	"componentWillMount",
	"componentWillReceiveProps",
	"componentWillUpdate"
].forEach(function(n) {
	Object.defineProperty(x$1.prototype, n, {
		configurable: !0,
		get: function() {
			return this["UNSAFE_" + n];
		},
		set: function(t) {
			Object.defineProperty(this, n, {
				configurable: !0,
				writable: !0,
				value: t
			});
		}
	});
});
var J = n.event;
n.event = function(n) {
	return J && (n = J(n)), n.persist = function() {}, n.isPropagationStopped = function() {
		return this.cancelBubble;
	}, n.isDefaultPrevented = function() {
		return this.defaultPrevented;
	}, n.nativeEvent = n;
};
var K = {
	configurable: !0,
	get: function() {
		return this.class;
	}
}, Q = n.vnode;
function X(n$3) {
	if (!W) {
		W = !0;
		var t = n.__r;
		n.__r = function(n) {
			t && t(n), 32 & n.__u && (T = n), n.__c;
		};
		var e = n.diffed;
		n.diffed = function(n) {
			e && e(n), T == n && (T = null);
		};
	}
	return n$3;
}
n.vnode = function(t) {
	if (typeof t.type == "string") (function(t) {
		var e = t.props, r = t.type, u = {}, i = r.indexOf("-") == -1;
		for (var o in e) {
			var f = e[o];
			if (!(o == "value" && "defaultValue" in e && f == null || H && o == "children" && r == "noscript" || o == "class" || o == "className")) {
				if (o == "style" && f && f.constructor == Object) {
					var l = void 0;
					for (var a in f) typeof f[a] != "number" || x.test(a) || (l ||= f = w({}, f), f[a] += "px");
				} else if (o == "defaultValue" && "value" in e && e.value == null) o = "value";
				else if (o == "download" && !0 === f) f = "";
				else if (o == "translate" && f === "no") f = !1;
				else if (o[0] == "o" && o[1] == "n") {
					var c = o.toLowerCase();
					c == "ondoubleclick" ? o = "ondblclick" : c != "onchange" || r != "input" && r != "textarea" || Y(e.type) ? c == "onfocus" ? o = "onfocusin" : c == "onblur" && (o = "onfocusout") : c = o = "oninput", c == "oninput" && u[o = c] && (o = "oninputCapture");
				} else i && $.test(o) ? o = o.replace(z, "-$&").toLowerCase() : f === null && (f = void 0);
				u[o] = f;
			}
		}
		if (r == "select") {
			var s = u.defaultValue == null ? u.multiple && Array.isArray(u.value) ? u.value : null : u.defaultValue;
			s != null && (u.value = O(e.children).forEach(function(n) {
				n.props.selected = u.multiple ? s.indexOf(n.props.value) != -1 : s == n.props.value;
			}));
		}
		e.class && !e.className ? (u.class = e.class, Object.defineProperty(u, "className", K)) : e.className && (u.class = u.className = e.className), t.props = u;
	})(t);
	else if (typeof t.type == "function" && ("ref" in t.props && "prototype" in t.type && t.type.prototype.render && (t.ref = t.props.ref, delete t.props.ref), t.type.defaultProps)) {
		var e = w({}, t.props);
		for (var r in t.type.defaultProps) e[r] === void 0 && (e[r] = t.type.defaultProps[r]);
		t.props = e;
	}
	t.ref && !("ref" in t.props) && Object.defineProperty(t.props, "ref", {
		value: t.ref,
		configurable: !0,
		writable: !0
	}), t.$$typeof = P, Q && Q(t);
};
// ../clients/react/src/own.ts
function ownClient(options) {
	let client, mounted = !1, demanded = () => {
		let { options } = own;
		if (!options) throw TypeError("TidingsProvider has neither `client` nor `options`: give it one of them");
		let token = (ask) => own.options?.token?.(ask) ?? null;
		return client ??= createClient({
			...options,
			...options.token && { token }
		}), client;
	}, closed = () => client?.status.getSnapshot().status === "closed", own = {
		options,
		status: {
			getSnapshot: () => client?.status.getSnapshot() ?? IDLE,
			subscribe: (changed) => demanded().status.subscribe(changed)
		},
		subscribe: (...args) => demanded().subscribe(...args),
		on: (...args) => demanded().on(...args),
		events: (...args) => demanded().events(...args),
		request: (...args) => demanded().request(...args),
		reconnect: () => client?.reconnect(),
		close: () => demanded().close(),
		mount: () => (mounted = !0, () => {
			mounted = !1, queueMicrotask(() => {
				mounted || closed() || (client?.close(), client = void 0);
			});
		})
	};
	return own;
}
// ../clients/react/src/provider.ts
var Nearest = U(null);
function TidingsProvider$1({ client, options, children }) {
	let [own] = d(() => ownClient(options));
	return L(() => {
		own.options = options;
	}), A$1(() => own.mount(), [own]), k$1(Nearest.Provider, { value: client ?? own }, children);
}
function useTidings() {
	let client = j(Nearest);
	if (!client) throw Error("no TidingsProvider above this component: wrap the tree in one");
	return client;
}
// ../clients/react/src/channel.ts
function useChannel$1(channel, listener, options = {}) {
	let client = useTidings(), { enabled = !0 } = options;
	useSubscription(client, channel, listener, options);
	let name = channel === "all" ? "*" : channel;
	return Z(client.status.subscribe, () => enabled ? client.status.getSnapshot().channels[name] ?? "pending" : "idle", () => enabled ? "pending" : "idle");
}
function useSubscription(client, channel, listener, { onGap, enabled = !0 }) {
	let latest = T$1({
		listener,
		onGap
	});
	L(() => {
		latest.current = {
			listener,
			onGap
		};
	}), A$1(() => !enabled || client.status.getSnapshot().status === "closed" ? void 0 : client.subscribe(channel, (event) => {
		let { listener } = latest.current;
		typeof listener == "function" ? listener(event) : Object.hasOwn(listener, event.type) && listener[event.type]?.(event);
	}, { onGap: (gap) => latest.current.onGap?.(gap) }), [
		client,
		channel,
		enabled
	]);
}
// ../clients/react/src/presence.ts
var NOBODY = Object.freeze({
	users: Object.freeze([]),
	ready: !1,
	error: null,
	refresh: () => {}
});
function usePresence(channel, { enabled = !0 } = {}) {
	let client = useTidings(), [known, set] = d({
		channel,
		client,
		presence: NOBODY
	});
	return A$1(() => {
		if (enabled && client.status.getSnapshot().status !== "closed") return follow(client, channel, (presence) => set({
			channel,
			client,
			presence
		}));
	}, [
		client,
		channel,
		enabled
	]), enabled && known.channel === channel && known.client === client ? known.presence : NOBODY;
}
function follow(client, channel, changed) {
	let asking = new AbortController(), meanwhile = null, active = !1, refresh = () => {
		asking.abort(), asking = new AbortController(), ask(asking.signal);
	}, now = {
		...NOBODY,
		refresh
	}, tell = (part) => {
		now = {
			...now,
			...part
		}, changed(now);
	}, put = (user, here) => {
		let { users } = now;
		users.includes(user) !== here && tell({ users: here ? [...users, user] : users.filter((one) => one !== user) });
	}, ask = async (signal) => {
		meanwhile = [];
		try {
			let answer = await client.request(`presence?channel=${encodeURIComponent(channel)}`, { signal });
			if (!answer.ok) throw Error(`who is on \`${channel}\`: the hub answers ${answer.status}`);
			let { users } = await answer.json();
			if (signal.aborted) return;
			tell({
				users: users.map(({ user }) => user),
				ready: active,
				error: null
			});
			for (let again of meanwhile) again();
			meanwhile = null;
		} catch (error) {
			if (signal.aborted) return;
			meanwhile = null, tell({
				ready: !1,
				error
			});
		}
	}, look = () => {
		let was = active;
		active = client.status.getSnapshot().channels[channel] === "active", active && !was ? refresh() : was && !active && tell({ ready: !1 });
	}, off = client.subscribe(channel, ({ type, data }) => {
		if (type !== "joined" && type !== "left") return;
		let change = () => put(data.user, type === "joined");
		meanwhile?.push(change), change();
	}, { onGap: refresh }), unlook = client.status.subscribe(look);
	return look(), () => {
		asking.abort(), unlook(), off();
	};
}
// ../clients/react/src/state.ts
function useEventState(channel, reduce, initial, options = {}) {
	let [state, set] = d(initial);
	return useSubscription(useTidings(), channel, (event) => set((before) => reduce(before, event)), options), [state, set];
}
// ../clients/react/src/status.ts
function useConnectionStatus$1(select = whole) {
	let { status } = useTidings(), read = w$1(() => {
		let of, part;
		return (snapshot) => (snapshot !== of && (part = select(snapshot)), of = snapshot, part);
	}, [select]);
	return Z(status.subscribe, () => read(status.getSnapshot()), () => read(IDLE));
}
var whole = (snapshot) => snapshot;
// ../clients/react/src/hooks.ts
function createHooks() {
	return {
		TidingsProvider: TidingsProvider$1,
		useTidings,
		useChannel: useChannel$1,
		useConnectionStatus: useConnectionStatus$1,
		usePresence,
		useEventState
	};
}
var client = createClient({
	url: new URL("..", location.href).href.replace(/\/$/, ""),
	type: "admin",
	backoff: {
		firstMs: 500,
		maxMs: 8e3
	}
}), hooks = createHooks(), { useChannel, useConnectionStatus } = hooks, TidingsProvider = hooks.TidingsProvider, SessionContext = U(null), useSession = () => j(SessionContext), useMay = () => useSession()?.role === "operator", AGAIN_MS = 3e3, KEPT_AS$1 = "tidings-monitor-at";
function useAskedSession() {
	let [session, setSession] = d(null);
	return A$1(() => {
		let abort = new AbortController(), timer, asking = async () => {
			try {
				let answer = await fetch(beside("session"), {
					cache: "no-store",
					signal: abort.signal
				});
				if (answer.ok) return setSession(await answer.json());
				if (answer.status === 401 || answer.status === 403) return toLogin();
			} catch {}
			abort.signal.aborted || (timer = setTimeout(asking, AGAIN_MS));
		};
		return asking(), () => {
			abort.abort(), clearTimeout(timer);
		};
	}, []), session;
}
function toLogin() {
	try {
		sessionStorage.setItem(KEPT_AS$1, location.hash);
	} catch {}
	location.replace(beside("login"));
}
function backFromLogin() {
	try {
		let kept = sessionStorage.getItem(KEPT_AS$1);
		sessionStorage.removeItem(KEPT_AS$1), kept && location.hash === "" && history.replaceState(null, "", kept);
	} catch {}
}
async function logOut() {
	await fetch(beside("logout"), {
		method: "POST",
		redirect: "manual",
		headers: { "Tidings-Client": "monitor" }
	}), location.replace(beside("login"));
}
function beside(name) {
	return new URL(name, location.href).href;
}
// src/pace.ts
function pacer(apply, everyMs, now = () => performance.now()) {
	let last = -Infinity, waiting = null, run = (value) => {
		last = now(), apply(value);
	};
	return (value) => {
		if (waiting) {
			waiting.value = value;
			return;
		}
		let left = last + everyMs - now();
		if (left <= 0) return run(value);
		waiting = { value }, setTimeout(() => {
			let held = waiting;
			waiting = null, held && run(held.value);
		}, left);
	};
}
// src/hub/ask.ts
var Refusal = class extends Error {
	status;
	constructor(status, message) {
		super(message), this.status = status;
	}
};
async function ask(path, { method = "GET", body, signal } = {}) {
	let named = { "Tidings-Client": "monitor" }, headers = body === void 0 ? named : {
		...named,
		"Content-Type": "application/json"
	}, answer;
	try {
		answer = await client.request(path, {
			method,
			headers,
			cache: "no-store",
			body: body ?? null,
			signal: signal ?? null
		});
	} catch (error) {
		throw signal?.aborted ? error : new Refusal(0, "The hub can’t be reached.");
	}
	let said = await answer.json().catch(() => null);
	if (signal?.throwIfAborted(), answer.status === 401 && toLogin(), answer.ok && said === null) throw new Refusal(0, "What answered is not the hub: it sent no JSON.");
	if (!answer.ok) throw new Refusal(answer.status, said?.detail ?? said?.title ?? `The hub answered ${answer.status}.`);
	return said;
}
// src/hub/stats.ts
var APPLY_EVERY_MS = 1e3, ASK_EVERY_MS$4 = 2e3;
function useStats() {
	let [latest, setLatest] = d({
		stats: null,
		at: 0
	}), connected = useConnectionStatus((snapshot) => snapshot.status === "connected"), pushed = T$1(!1), take = T$1(pacer((stats) => {
		heard(stats.now), setLatest({
			stats,
			at: Date.now()
		});
	}, APPLY_EVERY_MS)).current;
	return useChannel("$hub/stats", (event) => {
		pushed.current = !0, take(event.data);
	}), A$1(() => {
		pushed.current = pushed.current && connected;
		let abort = new AbortController(), timer = setInterval(() => {
			pushed.current || ask("stats", { signal: abort.signal }).then(take, () => {});
		}, ASK_EVERY_MS$4);
		return () => {
			clearInterval(timer), abort.abort();
		};
	}, [connected, take]), latest;
}
// src/hub/deed.ts
function useDeed() {
	let [state, setState] = d({
		busy: !1,
		done: null,
		problem: null
	}), run = b(async (path, how) => {
		setState({
			busy: !0,
			done: null,
			problem: null
		});
		try {
			let done = await ask(path, how);
			return setState({
				busy: !1,
				done,
				problem: null
			}), !0;
		} catch (problem) {
			return setState({
				busy: !1,
				done: null,
				problem
			}), !1;
		}
	}, []);
	return {
		...state,
		run
	};
}
// ../node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs
var f = Symbol.for("pv"), o = 0;
Array.isArray;
function a(t, e, n$1, u, a, i) {
	e ||= {};
	var c, l, p = e;
	if ("ref" in p && typeof t != "function") for (l in p = {}, e) l == "ref" ? c = e[l] : p[l] = e[l];
	var s = {
		type: t,
		props: p,
		key: n$1,
		ref: c,
		__k: null,
		__: null,
		__b: 0,
		__e: null,
		__c: null,
		constructor: f,
		__v: --o,
		__i: -1,
		__u: 0
	};
	return (a || i) && (s.__source = a, s.__self = i), n.vnode && n.vnode(s), s;
}
// src/parts/icon.tsx
var PATHS = {
	up: "M4 10l4-4 4 4",
	down: "M4 6l4 4 4-4",
	left: "M10 4L6 8l4 4",
	right: "M6 4l4 4-4 4",
	close: "M4 4l8 8M12 4l-8 8",
	pause: "M5.5 4v8M10.5 4v8",
	play: "M5.5 3.5l7 4.5-7 4.5z",
	system: "M2.5 3.5h11v7h-11zM6 13.5h4M8 10.5v3",
	light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7",
	dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.500 6.500z",
	check: "M3.500 8.500l3 3 6-7",
	alert: "M8 2.500l6 11H2zM8 6.500v3.500M8 11.800v.2"
};
function Icon({ name }) {
	return a("svg", {
		class: "icon",
		viewBox: "0 0 16 16",
		"aria-hidden": "true",
		children: a("path", { d: PATHS[name] })
	});
}
// src/parts/drawer.tsx
function Drawer({ title, onClose, children, kind = "drawer" }) {
	let dialog = T$1(null), name = P$1();
	return A$1(() => {
		let own = dialog.current, opener = document.activeElement;
		return own?.showModal(), () => {
			own?.close();
			let back = opener?.isConnected ? opener : document.getElementById("main");
			back instanceof HTMLElement && back.focus();
		};
	}, []), A$1(() => {
		document.activeElement === document.body && dialog.current?.focus();
	}), a("dialog", {
		ref: dialog,
		tabIndex: -1,
		class: kind,
		"aria-labelledby": name,
		onClick: (event) => {
			event.target === dialog.current && onClose();
		},
		onCancel: (event) => {
			event.preventDefault(), onClose();
		},
		children: a("div", {
			class: "sheet",
			children: [a("header", { children: [a("h2", {
				id: name,
				children: title
			}), kind === "drawer" && a("button", {
				type: "button",
				class: "plain",
				"aria-label": "Close",
				onClick: onClose,
				children: a(Icon, { name: "close" })
			})] }), children]
		})
	});
}
// src/text.ts
var SHOWN_MAX$1 = 60, TITLE_MAX = 2e3, UNITS_MAX = 4002;
function shown(value, max = SHOWN_MAX$1) {
	let whole = visible(String(value).slice(0, UNITS_MAX)), characters = [...whole];
	if (characters.length <= max) return {
		text: whole,
		title: void 0
	};
	let title = characters.length <= TITLE_MAX ? whole : `${characters.slice(0, TITLE_MAX).join("")}…`;
	return {
		text: `${characters.slice(0, max).join("")}…`,
		title
	};
}
var UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}/gu;
function visible(text) {
	return text.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
// src/parts/foreign.tsx
var NARROW = 12;
function Foreign({ of, max, class: kind }) {
	if (of == null || of === "") return a("span", {
		class: "none",
		children: "–"
	});
	let { text, title } = shown(of, max);
	return a("bdi", {
		class: kind,
		title: title ?? (text.length > NARROW ? text : void 0),
		children: text
	});
}
// src/parts/trouble.tsx
function Trouble({ problem }) {
	return problem ? a("p", {
		class: "trouble",
		role: "alert",
		children: [
			a(Icon, { name: "alert" }),
			" ",
			problem.message
		]
	}) : null;
}
// src/parts/drain.tsx
function DrainCard({ stats }) {
	let [asked, setAsked] = d(!1), { busy, done, problem, run } = useDeed(), draining = stats.phase !== "serving", may = useMay(), card = T$1(null);
	A$1(() => {
		draining && done && document.activeElement === document.body && card.current?.focus();
	}, [draining, done]);
	let drain = async () => {
		await run("drain", { method: "POST" }), setAsked(!1);
	};
	return a("section", {
		ref: card,
		tabIndex: -1,
		class: "card",
		"aria-labelledby": "drain-title",
		children: [
			a("h3", {
				id: "drain-title",
				children: "Drain"
			}),
			draining ? a(Countdown, { stats }) : a($$1, { children: [a("p", {
				class: "aside",
				children: "Ends every stream, spread over the drain’s window, and refuses new ones. For taking the node out of service."
			}), may && a("p", {
				class: "actions",
				children: a("button", {
					type: "button",
					class: "danger",
					"aria-haspopup": "dialog",
					onClick: () => setAsked(!0),
					children: "Drain this node…"
				})
			})] }),
			a(Trouble, { problem }),
			asked && a(Drawer, {
				kind: "box",
				title: "Drain this node?",
				onClose: () => setAsked(!1),
				children: [a("p", { children: [
					a(Foreign, {
						of: stats.node,
						class: "code"
					}),
					" ends ",
					plural(stats.connections.active, "connection"),
					", this monitor’s among them, and takes no new ones. Their clients are told to come back later. There is no way back but to restart the process."
				] }), a("p", {
					class: "actions",
					children: [a("button", {
						type: "button",
						onClick: () => setAsked(!1),
						children: "Leave it"
					}), a("button", {
						type: "button",
						class: "danger solid",
						"aria-disabled": busy,
						onClick: () => busy || void drain(),
						children: "Drain now"
					})]
				})]
			})
		]
	});
}
function Countdown({ stats }) {
	let left = useLeft(stats.now + (stats.drain?.ends_in_ms ?? 0)), remaining = stats.drain?.remaining ?? stats.connections.active, whole = stats.drain?.window_ms ?? 0, over = remaining === 0;
	return a("div", {
		class: "countdown",
		id: "drain",
		children: [a("p", { children: [a("strong", {
			role: "timer",
			children: over ? "Drained" : left > 0 ? `${Math.ceil(left / 1e3)} s left` : "Ending"
		}), a("span", {
			class: "aside",
			children: over ? ": nobody is connected, new streams are refused until a restart" : `, ${plural(remaining, "connection")} to go`
		})] }), a("progress", {
			max: Math.max(whole, 1),
			value: over ? Math.max(whole, 1) : whole - left,
			"aria-label": "Of the drain’s window",
			children: [count(whole - left), " ms"]
		})]
	});
}
var TICK_MS = 200;
function useLeft(endsAt) {
	let [, tick] = d(0);
	return A$1(() => {
		let timer = setInterval(() => tick((turn) => turn + 1), TICK_MS);
		return () => clearInterval(timer);
	}, []), Math.max(endsAt - hubNow(), 0);
}
// src/books.ts
function balance({ connections }) {
	let closed = sum(connections.closed_total), open = connections.opened_total - closed;
	return {
		opened: connections.opened_total,
		closed,
		open,
		holds: open === connections.active
	};
}
function audit({ mismatch, audited_at }) {
	return audited_at === null ? {
		holds: "unknown",
		words: "Audit not yet run"
	} : mismatch === 0 ? {
		holds: "true",
		words: "Audit mismatch 0"
	} : {
		holds: "false",
		words: `Audit mismatch ${count(mismatch)}: books and the kernel’s sockets differ`
	};
}
function headline(active, own) {
	let rest = !own || active === 0 ? "" : active === 1 ? ", this monitor" : ", this monitor among them";
	return {
		number: count(active),
		rest
	};
}
function sum(counts) {
	return Object.values(counts).reduce((all, one) => all + one, 0);
}
function histogram(counts) {
	let all = sum(counts);
	return Object.entries(counts).filter(([, number]) => number > 0).sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1)).map(([name, number]) => ({
		name,
		number,
		share: number / all
	}));
}
// src/parts/light.tsx
var WORDS = {
	idle: "Not connected",
	connecting: "Connecting",
	connected: "Live",
	reconnecting: "Reconnecting",
	failed: "Given up",
	suspended: "Paused by the browser",
	closed: "Closed"
};
function Light({ at }) {
	let { status, retryAt, error } = useConnectionStatus((snapshot) => snapshot);
	useNow();
	let now = Date.now(), old = status !== "connected" && at > 0;
	return a("div", {
		class: "light",
		"data-state": status,
		children: [
			a("span", {
				class: "lamp",
				"aria-hidden": "true"
			}),
			a("p", { children: [
				a("strong", {
					role: "status",
					children: WORDS[status]
				}),
				status === "reconnecting" && retryAt !== null && a("span", { children: [" in ", duration(Math.max(Math.ceil((retryAt - now) / 1e3), 1) * 1e3)] }),
				error && status !== "connected" && a("span", {
					class: "aside",
					children: [": ", error.message]
				}),
				old && now - at > 2500 && a("span", {
					class: "aside",
					children: [". Figures from ", clock(at, now)]
				})
			] }),
			(status === "failed" || status === "reconnecting") && a("button", {
				type: "button",
				class: "small",
				onClick: () => client.reconnect(),
				children: "Connect now"
			})
		]
	});
}
// src/parts/headline.tsx
var SPEAK_EVERY_MS = 1e4;
function Headline({ latest: { stats, at } }) {
	let own = useConnectionStatus((snapshot) => snapshot.status === "connected"), words = stats ? headline(stats.connections.active, own) : null;
	return a("section", {
		class: "headline",
		"aria-labelledby": "open-connections",
		children: [
			a("h1", {
				id: "open-connections",
				children: "Open connections"
			}),
			a("p", {
				class: "count",
				id: "count",
				children: words ? a($$1, { children: [a("strong", { children: words.number }), words.rest] }) : a("strong", { children: "–" })
			}),
			a(Spoken, { words: words ? `Open connections: ${words.number}${words.rest}` : "" }),
			a(Books, { stats }),
			a(Light, { at })
		]
	});
}
function Books({ stats }) {
	if (!stats) return a("p", {
		class: "balance",
		children: "–"
	});
	let { opened, closed, open, holds } = balance(stats), { truth } = stats;
	return a("div", {
		class: "balance",
		children: [a("p", {
			"data-holds": holds,
			id: "balance",
			children: [a(Icon, { name: holds ? "check" : "alert" }), a("span", { children: [
				count(opened),
				" opened − ",
				count(closed),
				" closed = ",
				count(open),
				" open",
				!holds && `, but ${count(stats.connections.active)} are in the table: report this`
			] })]
		}), a(Audit, { truth })]
	});
}
function Audit({ truth }) {
	let { holds, words } = audit(truth), now = useNow();
	return a("p", {
		"data-holds": holds,
		id: "audit",
		children: [a(Icon, { name: holds === "unknown" ? "pause" : holds === "true" ? "check" : "alert" }), a("span", { children: [words, truth.audited_at !== null && a("span", {
			class: "aside",
			children: [", ", relative(truth.audited_at, now)]
		})] })]
	});
}
function Spoken({ words }) {
	let [said, setSaid] = d(""), latest = T$1(words);
	return latest.current = words, A$1(() => {
		let timer = setInterval(() => setSaid(latest.current), SPEAK_EVERY_MS);
		return () => clearInterval(timer);
	}, []), a("p", {
		class: "unseen",
		role: "status",
		children: said
	});
}
// src/parts/theme.tsx
var THEMES = [
	"system",
	"light",
	"dark"
], KEPT_AS = "tidings-monitor-theme";
function applyTheme(theme = kept()) {
	document.documentElement.dataset.theme = theme;
}
function ThemeToggle() {
	let [theme, setTheme] = d(kept), next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
	return F(() => {
		applyTheme(theme);
		try {
			localStorage.setItem(KEPT_AS, theme);
		} catch {}
	}, [theme]), a("button", {
		type: "button",
		class: "plain theme",
		title: `Colours: ${theme}`,
		"aria-label": `Colours: ${theme}. Change to ${next}`,
		onClick: () => setTheme(next),
		children: a(Icon, { name: theme })
	});
}
function kept() {
	try {
		return THEMES.find((one) => one === localStorage.getItem(KEPT_AS)) ?? "system";
	} catch {
		return "system";
	}
}
// src/looking.ts
function useLooking() {
	let [looking, setLooking] = d(!document.hidden);
	return A$1(() => {
		let look = () => setLooking(!document.hidden);
		return document.addEventListener("visibilitychange", look), look(), () => document.removeEventListener("visibilitychange", look);
	}, []), looking;
}
// src/hub/polled.ts
var AFTER_FAILURE_MS = 3e3;
function usePolled(path, everyMs) {
	let looking = useLooking(), [latest, setLatest] = d({
		path,
		data: null
	}), [failed, setFailed] = d(null), [turn, setTurn] = d(0);
	A$1(() => {
		if (path === null || !looking) return;
		let abort = new AbortController(), timer, poll = async () => {
			let next = everyMs;
			try {
				let data = await ask(path, { signal: abort.signal });
				if (abort.signal.aborted) return;
				setLatest({
					path,
					data
				}), setFailed(null);
			} catch (problem) {
				if (abort.signal.aborted) return;
				setFailed({
					path,
					problem
				}), next = Math.max(everyMs, AFTER_FAILURE_MS);
			}
			abort.signal.aborted || (timer = setTimeout(poll, next));
		};
		return poll(), () => {
			abort.abort(), clearTimeout(timer);
		};
	}, [
		path,
		everyMs,
		looking,
		turn
	]);
	let again = b(() => setTurn((before) => before + 1), []), problem = failed?.path === path ? failed.problem : null;
	return {
		data: latest.data,
		stale: latest.path !== path,
		problem,
		again
	};
}
// src/spark.ts
function points(values, places, top, width, height) {
	let step = width / Math.max(places - 1, 1), y = (value) => height - 1 - value / top * (height - 2);
	return values.map((value, at) => `${short(width - (values.length - 1 - at) * step)},${short(y(value))}`).join(" ");
}
function extremes(values) {
	return values.length === 0 ? {
		lowest: 0,
		highest: 0,
		latest: 0
	} : {
		lowest: Math.min(...values),
		highest: Math.max(...values),
		latest: values.at(-1)
	};
}
function short(number) {
	return Math.round(number * 100) / 100;
}
// src/parts/sparkline.tsx
var WIDTH = 180, HEIGHT = 32;
function Sparkline({ lines, places, words }) {
	let top = Math.max(1, ...lines.map(({ values }) => extremes(values).highest));
	return a("svg", {
		class: "spark",
		viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
		preserveAspectRatio: "none",
		role: "img",
		"aria-label": words,
		children: [a("path", {
			class: "base",
			d: `M0 31.5H${WIDTH}`
		}), lines.map(({ kind, values }) => a("g", {
			class: kind,
			children: [kind === "area" && values.length > 1 && a("path", {
				class: "fill",
				d: area(values, places, top)
			}), a("polyline", { points: points(values, places, top, WIDTH, HEIGHT) })]
		}, kind))]
	});
}
function area(values, places, top) {
	let line = points(values, places, top, WIDTH, HEIGHT);
	return `M${line.slice(0, line.indexOf(","))},${HEIGHT}L${line.replaceAll(" ", "L")}L${WIDTH},${HEIGHT}Z`;
}
// src/parts/trends.tsx
var ASK_EVERY_MS$3 = 5e3, TRENDS = [
	{
		figure: "most",
		lines: [{
			of: "active",
			label: "Open",
			name: "open connections",
			kind: "area"
		}]
	},
	{
		figure: "a second",
		lines: [{
			of: "opened",
			label: "Opened",
			name: "opened a second",
			kind: "line"
		}, {
			of: "closed",
			label: "closed",
			name: "closed a second",
			kind: "dashed"
		}]
	},
	{
		figure: "a second",
		lines: [{
			of: "published",
			label: "Published",
			name: "events published a second",
			kind: "area"
		}]
	},
	{
		figure: "a second",
		lines: [{
			of: "delivered",
			label: "Delivered",
			name: "events delivered a second",
			kind: "area"
		}]
	},
	{
		figure: "a second",
		lines: [{
			of: "refused",
			label: "Refused",
			name: "connections refused a second",
			kind: "line"
		}, {
			of: "gaps",
			label: "gaps",
			name: "gaps a second",
			kind: "dashed"
		}]
	}
];
function Trends() {
	let { data } = usePolled("stats/series", ASK_EVERY_MS$3);
	return a("section", {
		"aria-label": "The last 15 minutes",
		children: a("dl", {
			class: "trends",
			children: TRENDS.map((trend) => a(TrendCard, {
				trend,
				series: data
			}, trend.lines[0]?.of))
		})
	});
}
function TrendCard({ trend: { figure, lines }, series }) {
	let drawn = lines.map((line) => ({
		...line,
		values: values(series, line.of)
	})), say = figure === "most" ? count : rate, figures = drawn.map(({ values: own }) => say(figure === "most" ? extremes(own).highest : extremes(own).latest));
	return a("div", {
		class: "trend",
		children: [
			a("dt", { children: drawn.map(({ label, kind }, place) => a("span", { children: [
				place > 0 && ", ",
				lines.length > 1 && a("span", {
					class: `key ${kind}`,
					"aria-hidden": "true"
				}),
				label
			] }, label)) }),
			a("dd", { children: [a("span", {
				class: "now",
				children: series ? figures.join(" · ") : "–"
			}), a("span", {
				class: "aside",
				children: [" ", figure === "most" ? "at most" : "/s"]
			})] }),
			a("dd", {
				class: "drawn",
				children: a(Sparkline, {
					lines: drawn,
					places: series?.points ?? 180,
					words: words$1(drawn, say)
				})
			})
		]
	});
}
function values(series, name) {
	if (!series) return [];
	let own = series.series[name] ?? [];
	return name === "active" ? own : own.map((value) => value * 1e3 / series.step_ms);
}
function words$1(lines, say) {
	return `In the last 15 minutes, ${lines.map(({ name, values: own }) => {
		let { latest, lowest, highest } = extremes(own);
		return `${name}: now ${say(latest)}, lowest ${say(lowest)}, highest ${say(highest)}`;
	}).join("; ")}`;
}
// src/parts/who.tsx
function Who() {
	let session = useSession(), [failed, setFailed] = d(!1);
	return !session || session.by === "dev" ? null : a("p", {
		class: "who",
		children: [
			a(Foreign, {
				of: session.user,
				max: 24
			}),
			session.role === "read" && a("span", {
				class: "tag",
				children: "read only"
			}),
			session.logout && a("button", {
				type: "button",
				class: "small",
				onClick: () => logOut().catch(() => setFailed(!0)),
				children: failed ? "Log out: try again" : "Log out"
			})
		]
	});
}
// src/route.ts
var VIEWS = [
	"connections",
	"closed",
	"channels",
	"users",
	"nodes"
];
function parse(hash) {
	let [name = "", query = ""] = split(hash.replace(/^#/, ""));
	return {
		view: VIEWS.find((one) => one === name) ?? VIEWS[0],
		params: Object.fromEntries(new URLSearchParams(query))
	};
}
function format(view, params = {}) {
	let given = Object.entries(params).filter((entry) => !!entry[1]), query = new URLSearchParams(given.sort(([one], [other]) => one < other ? -1 : 1)).toString();
	return query ? `#${view}?${query}` : `#${view}`;
}
function split(text) {
	let at = text.indexOf("?");
	return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
// src/routing.ts
var Router = U(null);
function useRoute() {
	let routing = j(Router);
	if (!routing) throw Error("no router above this");
	return routing;
}
var FIRST_PAGE = {
	after: void 0,
	page: void 0
};
function useRouting() {
	let [route, setRoute] = d(() => parse(location.hash));
	A$1(() => {
		let read = () => setRoute(parse(location.hash));
		return addEventListener("popstate", read), addEventListener("hashchange", read), () => {
			removeEventListener("popstate", read), removeEventListener("hashchange", read);
		};
	}, []);
	let move = b((hash, quiet, state) => {
		quiet ? history.replaceState(state, "", hash) : history.pushState(state, "", hash), setRoute(parse(hash));
	}, []);
	return {
		route,
		go: b((params, how = {}) => {
			let now = parse(location.hash), state = how.trail ? { trail: how.trail } : history.state;
			move(format(now.view, {
				...now.params,
				...params
			}), how.quiet ?? !1, state);
		}, [move]),
		show: b((view, params) => move(format(view, params), !1, null), [move])
	};
}
// src/json.ts
function jsonProblem(text) {
	if (text.trim() === "") return "There is nothing here. Give any JSON: an object, a text in quotes, a number, null.";
	try {
		return JSON.parse(text), null;
	} catch (error) {
		let place = /position (\d+)/.exec(String(error))?.[1], said = String(error.message).replace(/^JSON\.parse: /, "").replace(/,? (\.\.\.)?".*?"(\.\.\.)? is not valid JSON$/s, "").replace(/ (in JSON )?at position \d+.*$/s, "");
		return place === void 0 ? `${said}.` : `${said}, at ${where(text, Number(place))}.`;
	}
}
function publishBody(channel, type, data) {
	let named = type === "" ? "" : `"type":${JSON.stringify(type)},`;
	return `{"channel":${JSON.stringify(channel)},${named}"data":${data}}`;
}
function where(text, position) {
	let lines = text.slice(0, position).split("\n");
	return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}
// src/parts/publish-form.tsx
function PublishForm({ channel }) {
	let [type, setType] = d(""), [data, setData] = d("{\"test\": true}"), [checked, setChecked] = d(null), { busy, done, problem, run } = useDeed(), id = P$1();
	return a("form", {
		class: "publish",
		onSubmit: (event) => {
			event.preventDefault();
			let wrong = jsonProblem(data);
			setChecked(wrong), wrong === null && !busy ? run("publish", {
				method: "POST",
				body: publishBody(channel, type, data)
			}) : document.getElementById(`${id}-data`)?.focus();
		},
		"aria-labelledby": `${id}-title`,
		autocomplete: "off",
		children: [
			a("h3", {
				id: `${id}-title`,
				children: "Publish a test event"
			}),
			a("p", {
				class: "field",
				children: [a("label", {
					for: `${id}-type`,
					children: ["Type ", a("span", {
						class: "aside",
						children: "optional"
					})]
				}), a("input", {
					id: `${id}-type`,
					class: "code",
					value: type,
					spellcheck: !1,
					autocapitalize: "off",
					onInput: (event) => setType(event.currentTarget.value)
				})]
			}),
			a("p", {
				class: "field",
				children: [
					a("label", {
						for: `${id}-data`,
						children: ["Data ", a("span", {
							class: "aside",
							children: "JSON"
						})]
					}),
					a("textarea", {
						id: `${id}-data`,
						class: "code",
						rows: 4,
						value: data,
						spellcheck: !1,
						"aria-invalid": checked !== null,
						"aria-describedby": `${id}-wrong`,
						onInput: (event) => {
							setData(event.currentTarget.value), checked !== null && setChecked(jsonProblem(event.currentTarget.value));
						}
					}),
					a("span", {
						id: `${id}-wrong`,
						class: "trouble",
						role: "alert",
						children: checked
					})
				]
			}),
			a("p", {
				class: "actions",
				children: [a("button", {
					type: "submit",
					class: "primary",
					"aria-disabled": busy,
					children: "Publish"
				}), a("span", {
					role: "status",
					class: "aside",
					children: done && `Published to ${plural(done.recipients, "stream")}.`
				})]
			}),
			a(Trouble, { problem })
		]
	});
}
// src/parts/when.tsx
function When({ at, as = "clock" }) {
	return at == null ? a("span", {
		class: "none",
		children: "–"
	}) : a("time", {
		dateTime: new Date(at).toISOString(),
		title: exact(at),
		children: [
			as !== "ago" && clock(at, hubNow()),
			as === "ago" && a(Ago, { at }),
			as === "both" && a("span", {
				class: "aside",
				children: [" ", a(Ago, { at })]
			})
		]
	});
}
function Ago({ at }) {
	return a($$1, { children: relative(at, useNow()) });
}
// src/query.ts
var CHANNEL_BYTES_MAX = 255;
function isChannel(name) {
	return !name.startsWith("$hub/") && new TextEncoder().encode(name).length <= CHANNEL_BYTES_MAX;
}
function address(path, members) {
	let query = encode(members);
	return query ? `${path}?${query}` : path;
}
function connectionsChannel(members) {
	let name = address("$hub/connections", members);
	return name.length <= CHANNEL_BYTES_MAX ? name : null;
}
function encode(members) {
	return Object.entries(members).filter(([, value]) => value !== void 0 && value !== "").map(([name, value]) => `${name}=${escaped(String(value))}`).join("&");
}
function escaped(value) {
	let whole = value.toWellFormed?.() ?? value;
	return encodeURIComponent(whole).replace(/[*'()!~]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
}
var EMPTY = {
	lines: [],
	waiting: [],
	seen: 0,
	paused: !1
};
function gather(news, line) {
	news.push(line), news.length >= 400 && news.splice(0, news.length - 200);
}
function came(tail, news, number = news.length) {
	let seen = tail.seen + number, newest = [...news].reverse();
	return tail.paused ? {
		...tail,
		seen,
		waiting: bounded([...newest, ...tail.waiting])
	} : {
		...tail,
		seen,
		lines: bounded([...newest, ...tail.lines])
	};
}
function pause(tail, paused) {
	return paused ? {
		...tail,
		paused
	} : {
		...tail,
		paused,
		lines: bounded([...tail.waiting, ...tail.lines]),
		waiting: []
	};
}
function bounded(lines) {
	return lines.slice(0, 200);
}
// src/views/channel-drawer.tsx
var SHOW_EVERY_MS = 250, DATA_SHOWN_MAX = 400;
function ChannelDrawer({ channel, onClose }) {
	let { tail, state, setPaused } = useTail(channel), may = useMay();
	return a(Drawer, {
		title: a(Foreign, {
			of: channel,
			max: 60
		}),
		onClose,
		children: [
			a("p", {
				class: "aside",
				children: a("a", {
					href: format("connections", { channel }),
					children: "Who listens"
				})
			}),
			a("section", {
				"aria-labelledby": "tail-title",
				class: "tail",
				children: [
					a("header", { children: [a("h3", {
						id: "tail-title",
						children: [
							a("span", {
								role: "status",
								children: state
							}),
							" ",
							a("span", {
								class: "aside",
								children: tail.seen === 0 ? "nothing yet" : `${plural(tail.seen, "event")} seen`
							})
						]
					}), a("button", {
						type: "button",
						"aria-pressed": tail.paused,
						onClick: () => setPaused(!tail.paused),
						children: [
							a(Icon, { name: tail.paused ? "play" : "pause" }),
							" ",
							tail.paused ? `Go on${tail.waiting.length > 0 ? `, ${tail.waiting.length} wait` : ""}` : "Pause"
						]
					})] }),
					a("ol", {
						class: "lines",
						tabIndex: 0,
						"aria-label": "Events, newest first",
						children: tail.lines.map((line) => a(TailLine, { line }, line.key))
					}),
					tail.seen > 200 && a("p", {
						class: "aside",
						children: [
							"The newest ",
							200,
							" are shown."
						]
					})
				]
			}),
			may && a(PublishForm, { channel })
		]
	});
}
var TailLine = A(({ line: { at, type, text } }) => a("li", {
	class: type === null ? "gap" : void 0,
	children: [a("p", { children: [a(When, { at }), type === null ? a("strong", { children: "Gap" }) : a(Foreign, {
		of: type,
		class: "tag",
		max: 40
	})] }), a(Foreign, {
		of: text,
		max: DATA_SHOWN_MAX,
		class: "code"
	})]
}));
function useTail(channel) {
	let [, again] = _((turn) => turn + 1, 0), own = T$1({
		tail: EMPTY,
		news: [],
		last: 0
	}).current, add = (at, type, text) => {
		own.last += 1, gather(own.news, {
			key: own.last,
			at,
			type,
			text: text.slice(0, UNITS_MAX)
		});
	}, enabled = isChannel(channel), connected = useConnectionStatus(({ status }) => status === "connected"), may = useMay(), heard = useChannel(channel, (event) => add(event.time, event.type, JSON.stringify(event.data) ?? "null"), {
		enabled,
		onGap: ({ reason }) => add(Date.now(), null, `Events were lost here: ${reason}`)
	});
	A$1(() => {
		let timer = setInterval(() => {
			own.news.length !== 0 && (own.tail = came(own.tail, own.news, own.last - own.tail.seen), own.news = [], again(void 0));
		}, SHOW_EVERY_MS);
		return () => clearInterval(timer);
	}, [own]);
	let setPaused = (paused) => {
		own.tail = pause(came(own.tail, own.news, own.last - own.tail.seen), paused), own.news = [], again(void 0);
	}, refused = !enabled || heard === "denied", denial = may ? "The hub has no such channel" : "Its events are not for your role", live = connected && heard === "active";
	return {
		tail: own.tail,
		state: refused ? denial : live ? "Live" : "Not live yet",
		setPaused
	};
}
// src/rows/page.ts
function applied(page, event, now) {
	let news = new Map(event.rows.map((row) => [row.id, {
		...row,
		told_at: now
	}])), rows = new Map();
	for (let id of event.order) {
		let row = news.get(id) ?? (event.full ? void 0 : page?.rows.get(id));
		if (row === void 0) return null;
		rows.set(id, row);
	}
	return {
		total: event.total,
		next: event.next,
		order: event.order,
		rows
	};
}
function listed(rows, key, total, next) {
	return {
		total,
		next,
		order: rows.map(key),
		rows: new Map(rows.map((row) => [key(row), row]))
	};
}
// src/hub/listed.ts
var ASK_EVERY_MS$2 = 2e3;
function useListed(path, members, rows, key) {
	let { data, stale, problem } = usePolled(members && address(path, members), ASK_EVERY_MS$2);
	return {
		page: data && !stale ? listed(rows(data), key, data.total, data.next) : null,
		problem,
		answer: data
	};
}
function usePaging() {
	let { route, go } = useRoute(), { after, page: given } = route.params, page = after === void 0 ? 1 : Math.max(Math.trunc(Number(given)) || 2, 2), trail = page === 1 ? [] : history.state?.trail ?? [], known = trail.length === page - 1, to = (place, mark, way) => go({
		after: mark,
		page: place > 1 ? String(place) : void 0
	}, { trail: way });
	return {
		page,
		limit: 50,
		after,
		first: () => to(1, void 0, []),
		previous: page > 1 && known ? () => to(page - 1, trail.at(-1), trail.slice(0, -1)) : null,
		next: (mark) => to(page + 1, mark, known ? [...trail, after] : [])
	};
}
// src/listing.ts
function useListing(filters, firstSort = "") {
	let { route, go } = useRoute(), paging = usePaging(), sort = firstSort && route.params.sort || firstSort, selected = Object.fromEntries(filters.map((name) => [name, route.params[name]]));
	return {
		members: {
			...selected,
			sort,
			limit: paging.limit,
			after: paging.after
		},
		narrowed: Object.values(selected).some(Boolean),
		paging,
		sort,
		onSort: (by) => go({
			sort: by === firstSort ? void 0 : by,
			...FIRST_PAGE
		})
	};
}
// src/parts/filter.tsx
var SETTLED_AFTER_MS = 250;
function Filter({ name, label, hint = "" }) {
	let { route, go } = useRoute(), given = route.params[name] ?? "", [typed, setTyped] = d(given), id = P$1();
	return A$1(() => setTyped(given), [given]), A$1(() => {
		if (typed === given) return;
		let timer = setTimeout(() => go({
			[name]: typed,
			...FIRST_PAGE
		}, { quiet: !0 }), SETTLED_AFTER_MS);
		return () => clearTimeout(timer);
	}, [
		typed,
		given,
		name,
		go
	]), a("p", {
		class: "field",
		children: [a("label", {
			for: id,
			children: label
		}), a("input", {
			id,
			type: "search",
			value: typed,
			placeholder: hint,
			spellcheck: !1,
			autocomplete: "off",
			autocapitalize: "off",
			onInput: (event) => setTyped(event.currentTarget.value)
		})]
	});
}
function Choice({ name, label, all, values }) {
	let { route, go } = useRoute(), id = P$1(), given = route.params[name] ?? "", offered = given === "" || values.includes(given) ? values : [...values, given];
	return a("p", {
		class: "field",
		children: [a("label", {
			for: id,
			children: label
		}), a("select", {
			id,
			value: given,
			onChange: (event) => go({
				[name]: event.currentTarget.value,
				...FIRST_PAGE
			}),
			children: [a("option", {
				value: "",
				children: all
			}), offered.map((value) => a("option", {
				value,
				children: shown(value, 40).text
			}, value))]
		})]
	});
}
// src/rows/order.ts
function arranged(shown, incoming, held) {
	return !held || shown.length === 0 ? {
		shown: incoming,
		waiting: 0
	} : {
		shown,
		waiting: changes(shown, incoming)
	};
}
function changes(from, to) {
	let places = new Map(to.map((key, place) => [key, place])), kept = from.map((key) => places.get(key)).filter((place) => place !== void 0);
	return from.length - kept.length + (to.length - kept.length) + (kept.length - longestRise(kept));
}
function longestRise(places) {
	let ends = [];
	for (let place of places) {
		let low = 0, high = ends.length;
		for (; low < high;) {
			let middle = low + high >> 1;
			ends[middle] < place ? low = middle + 1 : high = middle;
		}
		ends[low] = place;
	}
	return ends.length;
}
// src/rows/steady.ts
function useSteady(page, scope, held) {
	let [, again] = _((turn) => turn + 1, 0), own = T$1({
		scope,
		shown: [],
		known: new Map(),
		pointed: !1,
		focused: !1,
		body: null,
		asked: !1
	}).current;
	if (own.scope !== scope && Object.assign(own, {
		scope,
		shown: [],
		known: new Map()
	}), page) for (let [key, row] of page.rows) own.known.set(key, row);
	let within = own.focused && own.body?.contains(document.activeElement) === !0, holding = (held || own.pointed || within) && !own.asked, { shown, waiting } = arranged(own.shown, page?.order ?? own.shown, holding);
	own.asked = !1, own.shown = shown;
	for (let key of own.known.keys()) !shown.includes(key) && !page?.rows.has(key) && own.known.delete(key);
	let hold = (what, on) => {
		own[what] !== on && (own[what] = on, again(void 0));
	};
	return {
		rows: shown.map((key) => ({
			key,
			row: own.known.get(key),
			gone: !page?.rows.has(key)
		})),
		waiting,
		show: () => {
			own.asked = !0, again(void 0);
		},
		holds: {
			onPointerEnter: (event) => hold("pointed", event.pointerType !== "touch"),
			onPointerLeave: () => hold("pointed", !1),
			onFocusIn: (event) => {
				own.body = event.currentTarget, hold("focused", !0);
			},
			onFocusOut: (event) => hold("focused", event.currentTarget.contains(event.relatedTarget))
		}
	};
}
// src/parts/list-head.tsx
function ListHead({ title, total, paused, onPause, waiting, onShow, children }) {
	return a("header", {
		class: "list-head",
		children: [
			a("h2", { children: [
				title,
				" ",
				a("span", {
					class: "total",
					children: total
				})
			] }),
			children,
			a("div", {
				class: "holding",
				children: [a("button", {
					type: "button",
					class: "waiting",
					onClick: onShow,
					"data-none": waiting === 0,
					"aria-disabled": waiting === 0,
					tabIndex: waiting === 0 ? -1 : 0,
					children: waiting === 0 ? "Up to date" : `${plural(waiting, "change")}: show`
				}), a("button", {
					type: "button",
					"aria-pressed": paused,
					onClick: () => onPause(!paused),
					children: [
						a(Icon, { name: paused ? "play" : "pause" }),
						" ",
						paused ? "Held" : "Hold rows"
					]
				})]
			})
		]
	});
}
// src/parts/pager.tsx
function Pager({ paging, page }) {
	let single = T$1(!0);
	(page || paging.page > 1) && (single.current = paging.page === 1 && page?.next === null);
	let next = page?.next ?? null;
	return a("nav", {
		class: "pager",
		"aria-label": "Pages",
		children: [a("p", { children: page && (single.current ? all(page.total) : range(paging, page)) }), !single.current && a($$1, { children: [
			a(Turn, {
				go: paging.page > 1 ? paging.first : null,
				children: "First"
			}),
			a(Turn, {
				go: paging.previous,
				children: [a(Icon, { name: "left" }), " Previous"]
			}),
			a(Turn, {
				go: next === null ? null : () => paging.next(next),
				children: ["Next ", a(Icon, { name: "right" })]
			})
		] })]
	});
}
function Turn({ go, children }) {
	return a("button", {
		type: "button",
		"aria-disabled": go === null,
		onClick: () => go?.(),
		children
	});
}
function all(total) {
	return total === 0 ? "None" : `All ${count(total)}`;
}
function range({ page, limit }, { order: { length: rows }, total, next }) {
	if (rows === 0) return `None of ${count(total)}`;
	let first = next === null ? total - rows + 1 : (page - 1) * limit + 1;
	return `${count(first)}–${count(first + rows - 1)} of ${count(total)}`;
}
// src/parts/sort-choice.tsx
function SortChoice({ columns, sort, onSort }) {
	let id = P$1(), sortable = columns.filter((column) => column.sort !== void 0);
	return a("p", {
		class: "field narrow-only",
		children: [a("label", {
			for: id,
			children: "Order"
		}), a("select", {
			id,
			value: sort,
			onChange: (event) => onSort(event.currentTarget.value),
			children: sortable.flatMap(({ sort: by, label, numeric }) => [a("option", {
				value: by,
				children: `${label}, ${numeric ? "least first" : "ascending"}`
			}, by), a("option", {
				value: `-${by}`,
				children: `${label}, ${numeric ? "most first" : "descending"}`
			}, `-${by}`)])
		})]
	});
}
// src/parts/table.tsx
var ROLE = {
	table: { role: "table" },
	rowgroup: { role: "rowgroup" },
	row: { role: "row" },
	columnheader: { role: "columnheader" },
	cell: { role: "cell" }
};
function Table({ label, columns, steady, sort, onSort, onOpen, selected, slim = !1 }) {
	let least = columns.reduce((sum, { width }) => sum + width, 0);
	return a("section", {
		class: slim ? "scroll slim" : "scroll",
		"aria-label": label,
		tabIndex: 0,
		children: a("table", {
			...ROLE.table,
			"aria-label": label,
			style: { "--least": `${least}rem` },
			children: [
				a("colgroup", { children: columns.map(({ name, width }) => a("col", { style: { inlineSize: `${width}rem` } }, name)) }),
				a("thead", {
					...ROLE.rowgroup,
					children: a("tr", {
						...ROLE.row,
						children: columns.map((column) => a(Head, {
							column,
							sort,
							onSort
						}, column.name))
					})
				}),
				a("tbody", {
					...ROLE.rowgroup,
					...steady.holds,
					children: steady.rows.map((row) => a(Line, {
						of: row,
						row: row.row,
						gone: row.gone,
						columns,
						onOpen,
						selected: row.key === selected
					}, row.key))
				})
			]
		})
	});
}
function Head({ column, sort, onSort }) {
	let kind = column.numeric ? "number" : void 0;
	if (column.sort === void 0) return a("th", {
		...ROLE.columnheader,
		scope: "col",
		class: kind,
		children: column.label
	});
	let direction = sort === column.sort ? "ascending" : sort === `-${column.sort}` ? "descending" : "none";
	return a("th", {
		...ROLE.columnheader,
		scope: "col",
		class: kind,
		"aria-sort": direction,
		children: a("button", {
			type: "button",
			class: "sort",
			onClick: () => onSort(turned(column, direction)),
			children: [column.label, a("span", {
				class: "direction",
				children: direction !== "none" && a(Icon, { name: direction === "ascending" ? "up" : "down" })
			})]
		})
	});
}
function turned({ sort, numeric }, direction) {
	return direction === "none" ? numeric ? `-${sort}` : `${sort}` : direction === "ascending" ? `-${sort}` : `${sort}`;
}
function PlainLine({ of, row, gone, columns, onOpen, selected }) {
	let open = (event) => {
		!getSelection()?.toString() && !event.target.closest("a, button") && onOpen?.(of.key);
	};
	return a("tr", {
		...ROLE.row,
		"data-key": of.key,
		"data-gone": gone || void 0,
		"data-selected": selected || void 0,
		"data-opens": onOpen ? !0 : void 0,
		onClick: onOpen && open,
		children: columns.map((column, place) => a("td", {
			...ROLE.cell,
			class: column.numeric ? "number" : void 0,
			"data-label": column.label,
			children: [column.cell(row, gone), place === 0 && gone && a("span", {
				class: "tag gone",
				title: "It has ended, or moved to another page.",
				children: "gone"
			})]
		}, column.name))
	});
}
var Line = A(PlainLine, (one, other) => one.row === other.row && one.gone === other.gone && one.selected === other.selected && one.columns === other.columns);
// src/parts/list.tsx
function List({ title, listing, source, columns, empty, opens, slim, above, children }) {
	let { route, go } = useRoute(), [paused, setPaused] = d(!1), { paging, sort, onSort } = listing, { page, problem } = source, open = opens && route.params[opens], steady = useSteady(page, JSON.stringify(listing.members), paused || !!open);
	return a($$1, { children: [
		a(ListHead, {
			title,
			total: count(page?.total),
			paused,
			onPause: setPaused,
			waiting: steady.waiting,
			onShow: steady.show
		}),
		above,
		a("search", {
			class: "filters",
			children: [children, sort && a(SortChoice, {
				columns,
				sort,
				onSort
			})]
		}),
		a(Trouble, { problem }),
		a(Table, {
			label: title,
			columns,
			steady,
			sort,
			onSort,
			onOpen: opens ? (key) => go({ [opens]: key }) : void 0,
			selected: open,
			slim
		}),
		page?.order.length === 0 && !problem && a("p", {
			class: "empty",
			children: nothing(page.total, listing.narrowed, empty)
		}),
		a(Pager, {
			paging,
			page
		})
	] });
}
function nothing(total, narrowed, empty) {
	return total > 0 ? "Nothing is left on this page: go to the first." : narrowed ? "Nothing matches: change or clear a filter." : empty;
}
// src/parts/opener.tsx
function Opener({ of, to }) {
	let { go } = useRoute();
	return a("button", {
		type: "button",
		class: "opener",
		onClick: () => go(to),
		"aria-haspopup": "dialog",
		children: a(Foreign, {
			of,
			max: 60
		})
	});
}
// src/views/channels.tsx
function Channels() {
	let listing = useListing(["q"], "channel");
	return a(List, {
		title: "Channels",
		listing,
		source: useListed("channels", listing.members, (answer) => answer.channels, (row) => row.channel),
		columns: COLUMNS$3,
		opens: "channel",
		empty: "No channel has a subscriber or an event.",
		children: a(Filter, {
			name: "q",
			label: "Search",
			hint: "part of a name"
		})
	});
}
var COLUMNS$3 = [
	{
		name: "channel",
		width: 18,
		label: "Channel",
		sort: "channel",
		cell: (row) => a(Opener, {
			of: row.channel,
			to: { channel: row.channel }
		})
	},
	{
		name: "subscribers",
		width: 8,
		label: "Subscribers",
		sort: "subscribers",
		numeric: !0,
		cell: (row) => count(row.subscribers)
	},
	{
		name: "rate",
		width: 9,
		label: "Events a second",
		sort: "rate",
		numeric: !0,
		cell: (row) => rate(row.rate)
	},
	{
		name: "events",
		width: 8,
		label: "Held events",
		sort: "events",
		numeric: !0,
		cell: (row) => count(row.events)
	},
	{
		name: "bytes",
		width: 7,
		label: "Held bytes",
		sort: "bytes",
		numeric: !0,
		cell: (row) => bytes(row.bytes)
	},
	{
		name: "retention",
		width: 18,
		label: "Keeps at most",
		cell: (row) => a(Kept, { of: row.retention })
	}
];
function Kept({ of: { count: events, age_ms: age, bytes: size } }) {
	let bounds = [
		events > 0 && `${count(events)} events`,
		age > 0 && duration(age),
		size > 0 && bytes(size)
	].filter(Boolean);
	return a("span", {
		class: "aside",
		children: bounds.length > 0 ? bounds.join(", ") : "nothing"
	});
}
// src/words.ts
var REASONS = {
	client_left: {
		words: "the client closed its connection",
		tone: "calm"
	},
	disconnected: {
		words: "the client said goodbye",
		tone: "calm"
	},
	superseded: {
		words: "the same client connected again",
		tone: "calm"
	},
	expired: {
		words: "its token ended",
		tone: "calm"
	},
	max_age: {
		words: "open for as long as a stream may be",
		tone: "calm"
	},
	kicked: {
		words: "an operator ended it",
		tone: "chosen"
	},
	revoked: {
		words: "an operator shut the user out",
		tone: "chosen"
	},
	draining: {
		words: "the hub was going down",
		tone: "chosen"
	},
	limit: {
		words: "made room for the user’s newer one",
		tone: "wrong"
	},
	slow: {
		words: "fell behind the history it reads from",
		tone: "wrong"
	},
	stalled: {
		words: "took no bytes, though its kernel answered",
		tone: "wrong"
	},
	lost: {
		words: "went away without a word",
		tone: "wrong"
	},
	lease: {
		words: "did not check in, as it had promised",
		tone: "wrong"
	},
	error: {
		words: "the hub’s own fault, or the client sent too much",
		tone: "wrong"
	}
};
function reason(name) {
	return REASONS[name] ?? {
		words: "",
		tone: "chosen"
	};
}
var REASON_NAMES = Object.keys(REASONS), PROOFS = {
	alive: "The client itself checked in.",
	acked: "Its kernel acknowledged bytes.",
	wrote: "Bytes were handed down, and nothing objected."
};
function proof(kind, to) {
	let words = PROOFS[kind] ?? kind;
	return to === "proxy" ? `${words} That proves the proxy, not the client behind it.` : words;
}
// src/parts/reason-tag.tsx
function ReasonTag({ of }) {
	let { words, tone } = reason(of);
	return a("span", {
		class: "tag reason",
		"data-tone": tone,
		title: words,
		children: of
	});
}
// src/views/closed.tsx
function Closed() {
	let chosen = useRoute().route.params.reason, listing = useListing([
		"reason",
		"user",
		"type"
	]), source = useListed("connections/closed", listing.members, (answer) => answer.connections, ({ id }) => id);
	return a(List, {
		title: "Recently closed",
		listing,
		source,
		columns: COLUMNS$2,
		opens: "id",
		empty: "No connection has ended.",
		above: a(Histogram, {
			counts: source.answer?.by_reason ?? {},
			chosen
		}),
		children: [
			a(Choice, {
				name: "reason",
				label: "Reason",
				all: "all reasons",
				values: REASON_NAMES
			}),
			a(Filter, {
				name: "user",
				label: "User",
				hint: "exact name"
			}),
			a(Filter, {
				name: "type",
				label: "Type",
				hint: "exact name"
			})
		]
	});
}
function Histogram({ counts, chosen }) {
	let bars = histogram(counts);
	return bars.length === 0 ? a("p", {
		class: "empty",
		children: "Nobody has left yet."
	}) : a("section", {
		class: "card histogram",
		"aria-labelledby": "reasons",
		children: [a("h3", {
			id: "reasons",
			children: ["Why they ended ", a("span", {
				class: "aside",
				children: ["the last ", count(sum(counts))]
			})]
		}), a("ol", { children: bars.map(({ name, number, share }) => a("li", {
			"data-tone": reason(name).tone,
			"data-reason": name,
			children: [
				a("a", {
					href: format("closed", { reason: name }),
					"aria-current": name === chosen ? "true" : void 0,
					children: name
				}),
				a("span", {
					class: "bar",
					"aria-hidden": "true",
					children: a("span", { style: { inlineSize: `${Math.max(share * 100, .4)}%` } })
				}),
				a("span", {
					class: "number",
					children: count(number)
				}),
				a("span", {
					class: "number aside",
					children: percent(share)
				}),
				a("span", {
					class: "aside meaning",
					children: reason(name).words
				})
			]
		}, name)) })]
	});
}
function percent(share) {
	return share > 0 && share < .001 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}
var COLUMNS$2 = [
	{
		name: "user",
		width: 12,
		label: "User",
		cell: (row) => a(Opener, {
			of: row.user,
			to: { id: row.id }
		})
	},
	{
		name: "type",
		width: 8,
		label: "Type",
		cell: (row) => a(Foreign, {
			of: row.type,
			max: 24
		})
	},
	{
		name: "reason",
		width: 8.5,
		label: "Reason",
		cell: (row) => a(ReasonTag, { of: row.reason })
	},
	{
		name: "closed",
		width: 12,
		label: "Closed",
		cell: (row) => a(When, {
			at: row.closed_at,
			as: "both"
		})
	},
	{
		name: "duration",
		width: 7,
		label: "Was open",
		numeric: !0,
		cell: (row) => duration(row.duration_ms)
	},
	{
		name: "events",
		width: 5,
		label: "Events",
		numeric: !0,
		cell: (row) => count(row.events_sent)
	},
	{
		name: "bytes",
		width: 6.2,
		label: "Bytes",
		numeric: !0,
		cell: (row) => bytes(row.bytes_sent)
	},
	{
		name: "client",
		width: 9,
		label: "Client",
		cell: (row) => a(Foreign, {
			of: row.client_id,
			max: 14,
			class: "code"
		})
	},
	{
		name: "remote",
		width: 10,
		label: "Remote",
		cell: (row) => a(Foreign, {
			of: row.remote,
			max: 45,
			class: "code"
		})
	}
], NAMES_MAX = 2, TITLE_NAMES_MAX = 100;
function ChannelNames({ of, all = !1 }) {
	if (of.length === 0) return a("span", {
		class: "none",
		children: "none"
	});
	let shown = all ? of : of.slice(0, NAMES_MAX), more = of.length - shown.length;
	return a("span", {
		class: all ? "names all" : "names",
		children: [shown.map((name) => a(Foreign, {
			of: name,
			max: all ? 60 : 18,
			class: "tag"
		}, name)), more > 0 && a("span", {
			class: "aside",
			title: of.slice(NAMES_MAX, TITLE_NAMES_MAX).map(visible).join("\n"),
			children: ["+", more]
		})]
	});
}
// src/parts/kick.tsx
var REASON_CHARACTERS_MAX = 200;
function Kick({ connection, onKicked }) {
	let [why, setWhy] = d(""), [mayReturn, setMayReturn] = d(!1), [asked, setAsked] = d(!1), { busy, problem, run } = useDeed(), own = useConnectionStatus((snapshot) => snapshot.connection?.id) === connection.id, id = P$1(), first = T$1(null), sure = T$1(null);
	A$1(() => {
		asked && sure.current?.focus();
	}, [asked]);
	let kick = async () => {
		let body = JSON.stringify({
			reconnect: mayReturn,
			...why.trim() && { reason: why.trim() }
		});
		await run(`connections/${encodeURIComponent(connection.id)}`, {
			method: "DELETE",
			body
		}) ? onKicked() : setAsked(!1);
	};
	return a("section", {
		class: "card kick",
		"aria-labelledby": `${id}-title`,
		children: [
			a("h3", {
				id: `${id}-title`,
				children: "Kick"
			}),
			a("p", {
				class: "field",
				children: [a("label", {
					for: `${id}-why`,
					children: ["Reason ", a("span", {
						class: "aside",
						children: "optional; the client is told"
					})]
				}), a("input", {
					id: `${id}-why`,
					value: why,
					maxLength: REASON_CHARACTERS_MAX,
					autocomplete: "off",
					onInput: (event) => setWhy(event.currentTarget.value)
				})]
			}),
			a("p", {
				class: "check",
				children: [a("input", {
					id: `${id}-return`,
					type: "checkbox",
					checked: mayReturn,
					onChange: (event) => setMayReturn(event.currentTarget.checked)
				}), a("label", {
					for: `${id}-return`,
					children: "It may reconnect"
				})]
			}),
			own && a("p", {
				class: "aside",
				children: "This is the monitor’s own connection: its figures stop until you connect again."
			}),
			a("div", {
				class: "actions",
				hidden: asked,
				children: a("button", {
					ref: first,
					type: "button",
					class: "danger",
					onClick: () => setAsked(!0),
					children: "Kick…"
				})
			}),
			asked && a("div", {
				class: "sure",
				role: "group",
				"aria-labelledby": `${id}-sure`,
				children: [a("p", {
					id: `${id}-sure`,
					children: [
						"End the connection of ",
						a(Foreign, {
							of: connection.user,
							max: 40
						}),
						mayReturn ? ", which may come back?" : ", which is told to stay away?"
					]
				}), a("p", {
					class: "actions",
					children: [a("button", {
						ref: sure,
						type: "button",
						class: "danger solid",
						"aria-disabled": busy,
						onClick: () => busy || void kick(),
						children: "Kick now"
					}), a("button", {
						type: "button",
						onClick: () => {
							setAsked(!1), first.current?.focus();
						},
						children: "Keep it"
					})]
				})]
			}),
			a(Trouble, { problem })
		]
	});
}
// src/parts/own-tag.tsx
function OwnTag({ id }) {
	return useConnectionStatus((snapshot) => snapshot.connection?.id) === id ? a("span", {
		class: "tag own",
		children: "this monitor"
	}) : null;
}
// src/parts/proof.tsx
function ProofOfLife({ row: { proof: last, told_at: told } }) {
	if (!last) return a("span", {
		class: "none",
		children: "none"
	});
	let words = last.to === "proxy" ? `${last.kind} by proxy` : last.kind;
	return a("span", {
		title: proof(last.kind, last.to),
		children: [
			words,
			" ",
			a("span", {
				class: "aside",
				children: a(Age, {
					of: last.age_ms,
					told
				})
			})
		]
	});
}
function Age({ of, told }) {
	let now = useNow();
	return a($$1, { children: relative((told ?? now) - of, Math.max(now, told ?? now)) });
}
// src/moments.ts
function moment({ at: _at, what, ...more }) {
	let number = (name) => typeof more[name] == "number" ? more[name] : null, text = (name) => typeof more[name] == "string" ? more[name] : "", channels = () => {
		let many = number("channels");
		return many === null ? "" : plural(many, "channel");
	}, on = () => channels() === "" ? "" : `on ${channels()}`;
	switch (what) {
		case "opened": return {
			words: "Opened",
			detail: "",
			tone: "calm"
		};
		case "replayed": return {
			words: "Caught up",
			detail: plural(number("events") ?? 0, "missed event"),
			tone: "calm"
		};
		case "subscribed": return {
			words: "Subscribed",
			detail: channels(),
			tone: "calm"
		};
		case "unsubscribed": return {
			words: "Unsubscribed",
			detail: channels(),
			tone: "calm"
		};
		case "refreshed": return {
			words: "Token renewed",
			detail: "",
			tone: "calm"
		};
		case "gap": return {
			words: "Came too late for some events",
			detail: on(),
			tone: "chosen"
		};
		case "lagged": return {
			words: "Fell behind, and lost events",
			detail: on(),
			tone: "wrong"
		};
		case "left_out": return {
			words: "…",
			detail: `${plural(number("entries") ?? 0, "entry", "entries")} not kept`,
			tone: "calm"
		};
		case "closed": return {
			words: `Closed: ${text("reason")}`,
			detail: reason(text("reason")).words,
			tone: reason(text("reason")).tone
		};
		default: return {
			words: what,
			detail: Object.entries(more).map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", "),
			tone: "calm"
		};
	}
}
// src/parts/timeline.tsx
function Timeline({ moments }) {
	return a("section", {
		"aria-labelledby": "timeline-title",
		children: [a("h3", {
			id: "timeline-title",
			children: "Timeline"
		}), a("ol", {
			class: "timeline",
			children: moments.map((one, place) => {
				let { words, detail, tone } = moment(one);
				return a("li", {
					"data-tone": tone,
					children: [a("p", { children: [
						a("strong", { children: words }),
						" ",
						detail !== "" && a(Foreign, {
							of: detail,
							max: 120,
							class: "aside"
						})
					] }), a(When, {
						at: one.at,
						as: "both"
					})]
				}, place);
			})
		})]
	});
}
// src/views/connection-drawer.tsx
var ASK_EVERY_MS$1 = 1500;
function ConnectionDrawer({ id, onClose }) {
	let asked = usePolled(`connections/${encodeURIComponent(id)}`, ASK_EVERY_MS$1), { problem, again } = asked, may = useMay(), told = asked.stale ? null : asked.data, unknown = problem?.status === 404, data = unknown && !told?.closed ? null : told;
	return a(Drawer, {
		title: data ? a(Foreign, {
			of: data.connection.user,
			max: 40
		}) : "Connection",
		onClose,
		children: [
			a("p", {
				class: "subtitle",
				children: [
					a(Foreign, {
						of: id,
						max: 60,
						class: "code"
					}),
					" ",
					a(OwnTag, { id })
				]
			}),
			unknown && !data && a("p", {
				class: "empty",
				children: "The hub knows no such connection: it ended too long ago, or before the hub’s last start."
			}),
			!unknown && a(Trouble, { problem }),
			data && a(State, { of: data }),
			data && a(Facts, { of: data }),
			may && data && !data.closed && a(Kick, {
				connection: data.connection,
				onKicked: again
			}),
			data && a(Timeline, { moments: data.timeline })
		]
	});
}
function State({ of: { closed } }) {
	return closed ? a("p", {
		class: "state",
		"data-open": "false",
		role: "status",
		children: [
			"Closed ",
			a(ReasonTag, { of: closed.reason }),
			" ",
			a("span", {
				class: "aside",
				children: [reason(closed.reason).words, ", "]
			}),
			a(When, {
				at: closed.closed_at,
				as: "both"
			})
		]
	}) : a("p", {
		class: "state",
		"data-open": "true",
		role: "status",
		children: [a("span", {
			class: "lamp",
			"aria-hidden": "true"
		}), " Open"]
	});
}
function Facts({ of: { connection, closed } }) {
	let now = useNow(), lasted = closed ? connection.duration_ms : Math.max(now - connection.connected_at, 0);
	return a("dl", {
		class: "facts",
		children: [
			["Type", a(Foreign, { of: connection.type }, "type")],
			["Client", a(Foreign, {
				of: connection.client_id,
				max: 44,
				class: "code"
			}, "client")],
			["Remote", a(Foreign, {
				of: connection.remote,
				class: "code"
			}, "remote")],
			["Connected", a(When, {
				at: connection.connected_at,
				as: "both"
			}, "at")],
			["Duration", duration(lasted)],
			["Events sent", count(connection.events_sent)],
			["Bytes sent", bytes(connection.bytes_sent)],
			...closed ? [] : live(connection)
		].map(([label, value]) => a("div", { children: [a("dt", { children: label }), a("dd", { children: value })] }, label))
	});
}
function live(connection) {
	let { lease } = connection;
	return [
		["Node", a(Foreign, {
			of: connection.node,
			class: "code"
		}, "node")],
		["Behind", plural(connection.behind ?? 0, "event")],
		["Last ping", a(When, {
			at: connection.last_ping_at,
			as: "both"
		}, "ping")],
		["Last write", a(When, {
			at: connection.last_write_at,
			as: "both"
		}, "write")],
		["Proof of life", a(ProofOfLife, { row: { proof: connection.proof ?? null } }, "proof")],
		["Lease", lease ? a(LeaseLeft, { of: lease }, "lease") : "none"],
		["Channels", a(ChannelNames, {
			of: connection.channels ?? [],
			all: !0
		}, "channels")]
	];
}
function LeaseLeft({ of: { seconds, expires_at: at } }) {
	return a($$1, { children: [
		seconds,
		" s ",
		a("span", {
			class: "aside",
			children: [
				"ends ",
				relative(at, useNow()),
				" unless it checks in"
			]
		})
	] });
}
// src/hub/connections.ts
var NOWHERE = "$hub/stats", AWAY_MS = 500, NOTHING = {
	channel: null,
	page: null
};
function useConnections(members) {
	let looking = useLooking(), channel = connectionsChannel(members), [pushed, setPushed] = d(NOTHING), known = T$1(NOTHING), [lost, setLost] = d(!1), [taken, setTaken] = d(null), enabled = channel !== null && channel === taken && looking && !lost;
	useChannel(channel ?? NOWHERE, (event) => {
		if (event.type !== "connections" || event.channel !== channel) return;
		let page = applied(known.current.page, event.data, hubNow());
		known.current = {
			channel,
			page
		}, page ? setPushed(known.current) : setLost(!0);
	}, { enabled }), A$1(() => () => {
		known.current = NOTHING;
	}, [channel, enabled]), A$1(() => {
		if (!lost) return;
		let timer = setTimeout(() => setLost(!1), AWAY_MS);
		return () => clearTimeout(timer);
	}, [lost]);
	let connected = useConnectionStatus(({ status }) => status === "connected"), last = pushed.channel === channel ? pushed.page : null, live = connected && last !== null, asked = useListed("connections", live ? null : members, (answer) => answer.connections, ({ id }) => id), sound = last !== null || asked.page !== null;
	A$1(() => {
		sound && setTaken(channel);
	}, [sound, channel]);
	let older = !connected && last !== null && asked.page !== null;
	return A$1(() => {
		older && setPushed(NOTHING);
	}, [older]), live ? {
		page: last,
		problem: null,
		live
	} : {
		page: asked.page ?? last,
		problem: asked.problem,
		live
	};
}
// src/views/connections.tsx
var Connections = A(ConnectionsView);
function ConnectionsView({ types }) {
	let listing = useListing([
		"q",
		"type",
		"user",
		"channel",
		"client_id"
	], "connected_at");
	return a(List, {
		title: "Connections",
		listing,
		source: useConnections(listing.members),
		columns: COLUMNS$1,
		opens: "id",
		empty: "Nobody is connected.",
		children: [
			a(Filter, {
				name: "q",
				label: "Search",
				hint: "user, client, address"
			}),
			a(Choice, {
				name: "type",
				label: "Type",
				all: "all types",
				values: JSON.parse(types)
			}),
			a(Filter, {
				name: "channel",
				label: "Channel",
				hint: "exact name"
			}),
			a(Filter, {
				name: "user",
				label: "User",
				hint: "exact name"
			})
		]
	});
}
function Lasted({ row, gone }) {
	let now = useNow();
	return a($$1, { children: duration(gone ? row.duration_ms : Math.max(now - row.connected_at, 0)) });
}
var COLUMNS$1 = [
	{
		name: "user",
		width: 14.6,
		label: "User",
		sort: "user",
		cell: (row) => a($$1, { children: [a(Opener, {
			of: row.user,
			to: { id: row.id }
		}), a(OwnTag, { id: row.id })] })
	},
	{
		name: "type",
		width: 7.5,
		label: "Type",
		sort: "type",
		cell: (row) => a(Foreign, {
			of: row.type,
			max: 16
		})
	},
	{
		name: "connected",
		width: 6.5,
		label: "Connected",
		sort: "connected_at",
		cell: (row) => a(When, { at: row.connected_at })
	},
	{
		name: "duration",
		width: 7,
		label: "Duration",
		sort: "duration_ms",
		numeric: !0,
		cell: (row, gone) => a(Lasted, {
			row,
			gone
		})
	},
	{
		name: "ping",
		width: 6.6,
		label: "Last ping",
		sort: "last_ping_at",
		numeric: !0,
		cell: (row) => a(When, {
			at: row.last_ping_at,
			as: "ago"
		})
	},
	{
		name: "proof",
		width: 10,
		label: "Proof of life",
		cell: (row) => a(ProofOfLife, { row })
	},
	{
		name: "events",
		width: 5.2,
		label: "Events",
		sort: "events_sent",
		numeric: !0,
		cell: (row) => count(row.events_sent)
	},
	{
		name: "bytes",
		width: 6.2,
		label: "Bytes",
		sort: "bytes_sent",
		numeric: !0,
		cell: (row) => bytes(row.bytes_sent)
	},
	{
		name: "behind",
		width: 5.4,
		label: "Behind",
		sort: "behind",
		numeric: !0,
		cell: (row) => a("span", {
			class: row.behind > 0 ? "warn" : void 0,
			children: count(row.behind)
		})
	},
	{
		name: "channels",
		width: 12,
		label: "Channels",
		cell: (row) => a(ChannelNames, { of: row.channels })
	},
	{
		name: "node",
		width: 7.7,
		label: "Node",
		cell: (row) => a(Foreign, {
			of: row.node,
			max: 13,
			class: "code"
		})
	},
	{
		name: "remote",
		width: 9.8,
		label: "Remote",
		sort: "remote",
		cell: (row) => a(Foreign, {
			of: row.remote,
			max: 45,
			class: "code"
		})
	}
], ASK_EVERY_MS = 4e3, SHOWN_MAX = 12;
function Deeds() {
	let { data, problem } = usePolled("audit", ASK_EVERY_MS), entries = data?.entries.slice(0, SHOWN_MAX) ?? [];
	return a("section", {
		class: "card",
		"aria-labelledby": "deeds-title",
		children: [
			a("h3", {
				id: "deeds-title",
				children: "Operators’ actions"
			}),
			data && entries.length === 0 && a("p", {
				class: "aside",
				children: "None since the hub’s start."
			}),
			a("ol", {
				class: "timeline",
				children: entries.map((entry) => a("li", {
					"data-tone": entry.result === "done" ? "plain" : "wrong",
					children: [a("p", { children: [
						a("strong", { children: words(entry) }),
						" ",
						entry.target !== null && a(Foreign, {
							of: entry.target,
							max: 40
						}),
						" ",
						a("span", {
							class: "aside",
							children: [
								"by ",
								entry.who === null ? "nobody known" : a(Foreign, {
									of: entry.who,
									max: 30
								}),
								",",
								" ",
								a(Foreign, { of: entry.from })
							]
						})
					] }), a(When, {
						at: entry.at,
						as: "both"
					})]
				}, `${entry.at} ${entry.action} ${entry.target}`))
			}),
			a(Trouble, { problem })
		]
	});
}
function words({ action, result }) {
	let name = action.charAt(0).toUpperCase() + action.slice(1).replaceAll("_", " ");
	return result === "done" ? name : `${name}: ${result}`;
}
// src/parts/sweep.tsx
function SweepCard({ stats: { cleanup } }) {
	let { busy, done, problem, run } = useDeed(), may = useMay();
	return a("section", {
		class: "card",
		"aria-labelledby": "sweep-title",
		children: [
			a("h3", {
				id: "sweep-title",
				children: "Cleanup"
			}),
			a("dl", {
				class: "facts",
				children: [a("div", { children: [a("dt", { children: "Stale connections cleaned" }), a("dd", { children: count(cleanup.stale_connections_cleaned) })] }), a("div", { children: [a("dt", { children: "At shutdowns" }), a("dd", { children: [
					count(cleanup.shutdown_connections_cleaned),
					" in ",
					plural(cleanup.shutdown_cleanups, "shutdown")
				] })] })]
			}),
			a("p", {
				class: "actions",
				children: [may && a("button", {
					type: "button",
					"aria-disabled": busy,
					onClick: () => busy || void run("cleanup", {
						method: "POST",
						body: "{\"batch_size\":null}"
					}),
					children: "Sweep now"
				}), a("span", {
					role: "status",
					class: "aside",
					children: done && (done.cleaned === 0 ? "Nothing was stale." : `Cleaned ${plural(done.cleaned, "connection")}, ${count(done.remaining)} remain.`)
				})]
			}),
			a(Trouble, { problem })
		]
	});
}
// src/views/nodes.tsx
function Nodes({ stats }) {
	return stats ? a($$1, { children: [a("header", {
		class: "list-head",
		children: a("h2", { children: ["Nodes ", a("span", {
			class: "total",
			children: count(stats.cluster.nodes.length)
		})] })
	}), a("div", {
		class: "cards",
		children: [
			a(Health, { stats }),
			a(Cluster, { stats }),
			a(DrainCard, { stats }),
			a(Shutdown, { stats }),
			a(SweepCard, { stats }),
			a(Deeds, {})
		]
	})] }) : a("p", {
		class: "empty",
		children: "No figures yet."
	});
}
function Health({ stats }) {
	let started = useStarted(stats), { truth, latency } = stats, ms = (value) => value == null ? "–" : `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`;
	return a("section", {
		class: "card",
		"aria-labelledby": "health-title",
		children: [a("h3", {
			id: "health-title",
			children: "This node"
		}), a("dl", {
			class: "facts",
			children: [
				a(Fact, {
					label: "Name",
					children: a(Foreign, {
						of: stats.node,
						class: "code"
					})
				}),
				a(Fact, {
					label: "Phase",
					children: stats.phase
				}),
				a(Fact, {
					label: "Up for",
					children: duration(stats.uptime_seconds * 1e3)
				}),
				a(Fact, {
					label: "Started",
					children: a(When, { at: started })
				}),
				a(Fact, {
					label: "Publish to write, median",
					children: ms(latency?.publish_to_write_p50_ms)
				}),
				a(Fact, {
					label: "Publish to write, 99 %",
					children: ms(latency?.publish_to_write_p99_ms)
				}),
				a(Fact, {
					label: "Audits",
					children: truth ? count(truth.audits) : "–"
				}),
				a(Fact, {
					label: "Audit mismatch",
					children: truth ? count(truth.mismatch) : "–"
				}),
				a(Fact, {
					label: "Refused",
					children: refusals(stats)
				})
			]
		})]
	});
}
function useStarted({ now, uptime_seconds: uptime }) {
	let known = T$1(-Infinity), started = now - uptime * 1e3;
	return Math.abs(started - known.current) > 2e3 && (known.current = started), known.current;
}
function Fact({ label, children }) {
	return a("div", { children: [a("dt", { children: label }), a("dd", { children })] });
}
function refusals({ connections: { refused_total: refused } }) {
	let kinds = Object.entries(refused).filter(([, number]) => number > 0);
	return kinds.length === 0 ? "none" : kinds.map(([kind, number]) => `${kind} ${count(number)}`).join(", ");
}
function Shutdown({ stats }) {
	let summary = stats.cleanup.last_shutdown_cleanup_summary, left = summary?.connections_after ?? 0;
	return a("section", {
		class: "card",
		"aria-labelledby": "shutdown-title",
		children: [
			a("h3", {
				id: "shutdown-title",
				children: "Last shutdown"
			}),
			!summary && a("p", {
				class: "aside",
				children: "None to tell of: this is the first start here, or the last run ended in a crash."
			}),
			summary && a($$1, { children: [a("p", {
				class: left > 0 ? "verdict bad" : "verdict good",
				children: left > 0 ? `Incomplete: ${count(left)} connections remained` : "Complete: nobody was left"
			}), a("dl", {
				class: "facts",
				children: [
					a(Fact, {
						label: "Connections before",
						children: count(summary.connections_before)
					}),
					a(Fact, {
						label: "Cleaned",
						children: count(summary.total_cleaned)
					}),
					summary.left_by_themselves !== void 0 && a(Fact, {
						label: "Left by themselves",
						children: count(summary.left_by_themselves)
					}),
					a(Fact, {
						label: "Connections after",
						children: count(left)
					}),
					a(Fact, {
						label: "Iterations",
						children: [count(summary.iterations), summary.max_iterations_reached && ", the most allowed"]
					}),
					a(Fact, {
						label: "Took",
						children: duration(summary.cleanup_duration_ms)
					})
				]
			})] })
		]
	});
}
function Cluster({ stats }) {
	let isShared = stats.cluster.engine !== void 0;
	return a("section", {
		class: "scroll",
		"aria-label": "Nodes of the cluster",
		tabIndex: 0,
		children: [a("table", { children: [a("thead", { children: a("tr", { children: [
			a("th", {
				scope: "col",
				children: "Node"
			}),
			a("th", {
				scope: "col",
				class: "number",
				children: "Open connections"
			}),
			isShared && a("th", {
				scope: "col",
				class: "number",
				children: "Heard of"
			})
		] }) }), a("tbody", { children: stats.cluster.nodes.map(({ node, active, lease_age_ms }) => a("tr", { children: [
			a("td", { children: [
				a(Foreign, {
					of: node,
					class: "code"
				}),
				" ",
				node === stats.node && a("span", {
					class: "tag own",
					children: "asked here"
				})
			] }),
			a("td", {
				class: "number",
				children: count(active)
			}),
			isShared && a("td", {
				class: "number",
				children: node === stats.node ? "–" : `${duration(lease_age_ms ?? 0)} ago`
			})
		] }, node)) })] }), stats.cluster.engine === "away" && a("p", {
			class: "warn",
			role: "status",
			children: "Redis does not answer: streams live on, nothing can be published, and what is shown of other nodes is from before."
		})]
	});
}
// src/views/users.tsx
function Users() {
	let listing = useListing(["q"], "-connections");
	return a(List, {
		slim: !0,
		title: "Users",
		listing,
		source: useListed("users", listing.members, (answer) => answer.users, ({ user }) => user),
		columns: COLUMNS,
		empty: "No user is connected. Who is anonymous is not counted here, and has no limit.",
		children: a(Filter, {
			name: "q",
			label: "Search",
			hint: "part of a name"
		})
	});
}
var COLUMNS = [
	{
		name: "user",
		width: 18,
		label: "User",
		sort: "user",
		cell: ({ user }) => a("a", {
			class: "opener",
			href: format("connections", { user }),
			title: "Their connections",
			children: a(Foreign, {
				of: user,
				max: 40
			})
		})
	},
	{
		name: "connections",
		width: 8,
		label: "Connections",
		sort: "connections",
		numeric: !0,
		cell: ({ connections }) => count(connections)
	},
	{
		name: "limit",
		width: 5,
		label: "Limit",
		numeric: !0,
		cell: ({ limit }) => limit > 0 ? count(limit) : "none"
	},
	{
		name: "use",
		width: 16,
		label: "Of the limit",
		cell: (row) => a(Use, { ...row })
	}
], NEAR = .75;
function Use({ connections, limit }) {
	if (!limit) return a("span", {
		class: "none",
		children: "no limit"
	});
	let share = connections / limit, tone = share >= 1 ? "wrong" : share >= NEAR ? "chosen" : "calm", words = share >= 1 ? "at the limit" : share >= NEAR ? "near the limit" : "room left";
	return a("span", {
		class: "use",
		"data-tone": tone,
		children: [a("span", {
			class: "bar",
			"aria-hidden": "true",
			children: a("span", { style: { inlineSize: `${Math.min(share, 1) * 100}%` } })
		}), a("span", { children: words })]
	});
}
// src/app.tsx
var NAMES = {
	connections: "Connections",
	closed: "Recently closed",
	channels: "Channels",
	users: "Users",
	nodes: "Nodes"
};
function App() {
	let session = useAskedSession();
	return a(TidingsProvider, {
		client,
		children: a(Clock, { children: a(SessionContext.Provider, {
			value: session,
			children: a(Page, {})
		}) })
	});
}
function Page() {
	let routing = useRouting(), latest = useStats(), { view, params } = routing.route, main = T$1(null), { stats } = latest;
	return A$1(() => {
		document.title = `${stats ? `${count(stats.connections.active)} open · ` : ""}${NAMES[view]} · Tidings`;
	}, [stats, view]), a(Router.Provider, {
		value: routing,
		children: [
			a("button", {
				type: "button",
				class: "skip",
				onClick: () => main.current?.focus(),
				children: ["Skip to ", NAMES[view].toLowerCase()]
			}),
			a(Masthead, { node: stats?.node }),
			a("div", {
				class: "overview",
				children: [a(Headline, { latest }), a(Trends, {})]
			}),
			stats && stats.phase !== "serving" && view !== "nodes" && a(Draining, { stats }),
			a(Views, { view }),
			a("main", {
				ref: main,
				id: "main",
				tabIndex: -1,
				"aria-label": NAMES[view],
				children: [
					view === "connections" && a(Connections, { types: JSON.stringify(Object.keys(stats?.connections.by_type ?? {}).sort()) }),
					view === "closed" && a(Closed, {}),
					view === "channels" && a(Channels, {}),
					view === "users" && a(Users, {}),
					view === "nodes" && a(Nodes, { stats })
				]
			}),
			(view === "connections" || view === "closed") && params.id && a(ConnectionDrawer, {
				id: params.id,
				onClose: () => routing.go({ id: void 0 })
			}, params.id),
			view === "channels" && params.channel && a(ChannelDrawer, {
				channel: params.channel,
				onClose: () => routing.go({ channel: void 0 })
			}, params.channel)
		]
	});
}
function Masthead({ node }) {
	return a("header", {
		class: "masthead",
		children: [
			a("p", {
				class: "wordmark",
				children: [a(Mark, {}), " Tidings"]
			}),
			node !== void 0 && a(Foreign, {
				of: node,
				max: 32,
				class: "code node"
			}),
			a("a", {
				class: "elsewhere",
				href: "../",
				children: "Live channel"
			}),
			a(Who, {}),
			a(ThemeToggle, {})
		]
	});
}
function Mark() {
	return a("svg", {
		class: "mark",
		viewBox: "0 0 32 32",
		"aria-hidden": "true",
		children: [
			a("rect", {
				width: "32",
				height: "32",
				rx: "8"
			}),
			a("circle", {
				cx: "10",
				cy: "22",
				r: "3"
			}),
			a("path", { d: "M10 14a8 8 0 0 1 8 8M10 7a15 15 0 0 1 15 15" })
		]
	});
}
function Views({ view }) {
	let nav = T$1(null);
	return A$1(() => {
		let current = nav.current?.querySelector("[aria-current]");
		nav.current && current && (nav.current.scrollLeft = current.offsetLeft - nav.current.offsetLeft - 16);
	}, [view]), a("nav", {
		ref: nav,
		class: "views",
		"aria-label": "Views",
		children: VIEWS.map((name) => a("a", {
			href: format(name),
			"aria-current": name === view ? "page" : void 0,
			children: NAMES[name]
		}, name))
	});
}
function Draining({ stats }) {
	return a("section", {
		class: "banner",
		"aria-label": "Drain",
		children: [a("strong", { children: "This node is draining." }), a(Countdown, { stats })]
	});
}
applyTheme(), backFromLogin(), Q$1(a(App, {}), document.body);
